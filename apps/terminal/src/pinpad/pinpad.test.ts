import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Clock } from "@tillway/link";
import fc from "fast-check";
import { padDocument, padPolicy } from "./document.ts";
import { createEntry } from "./entry.ts";
import { keyAt, places, shuffledLayout, type Layout } from "./layout.ts";
import { drawPad } from "./picture.ts";
import { createPinPad, type PadMessage, type PinPad } from "./pinpad.ts";

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** A clock that stands until it is moved. */
function handClock(): Clock & { readonly advance: (ms: number) => void } {
  let now = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  return {
    now: () => now,
    after: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: (ms) => {
      now += ms;
      for (const timer of Array.from(timers)) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.run();
      }
    },
  };
}

/** A pad whose layout is the digits in order: a generator that always draws the last one left. */
const inOrder = (length: number): Uint8Array => new Uint8Array(length).fill(0);

function padWith(source: (length: number) => Uint8Array = random): {
  pad: PinPad;
  clock: ReturnType<typeof handClock>;
  sent: PadMessage[];
} {
  const clock = handClock();
  const pad = createPinPad({ clock, random: source, idleMs: 30_000 });
  const sent: PadMessage[] = [];
  pad.show((message) => sent.push(message));
  return { pad, clock, sent };
}

const middle = (at: number): { x: number; y: number } => {
  const place = places[at];
  assert.ok(place);
  return { x: place.x + place.width / 2, y: place.y + place.height / 2 };
};

/** The place of a digit in a layout. */
function placeOf(digit: number, layout: Layout): { x: number; y: number } {
  const at = places.findIndex(({ key }) => key.kind === "digit" && layout[key.cell] === digit);
  return middle(at);
}

test("each point of the pad is one key, and no point outside of it is any", () => {
  for (const [at, place] of places.entries()) {
    const { x, y } = middle(at);
    assert.deepEqual(keyAt(x, y), place.key);
    assert.deepEqual(keyAt(place.x, place.y), place.key);
  }
  fc.assert(
    fc.property(fc.double(), fc.double(), (x, y) => {
      const inside = x >= 0 && x < 1 && y >= 0 && y < 1;
      assert.equal(keyAt(x, y) !== undefined, inside);
    }),
  );
});

test("a layout holds every digit once, and every place sees every digit", () => {
  const seen = Array.from({ length: 10 }, () => new Set<number>());
  for (let count = 0; count < 400; count += 1) {
    const layout = shuffledLayout(random);
    assert.deepEqual(
      [...layout].sort((one, other) => one - other),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    for (const [at, digit] of layout.entries()) seen[at]?.add(digit);
  }
  for (const digits of seen) assert.equal(digits.size, 10);
});

test("pressed positions become the digits that the picture shows there", async () => {
  const { pad } = padWith(inOrder);
  const layout = shuffledLayout(inOrder);
  let block: number[] = [];
  const asked = pad.ask({
    encrypt: async (digits) => {
      block = [...digits];
      return "sealed";
    },
    onCount: () => undefined,
  });
  for (const digit of [4, 0, 9, 1, 7]) pad.hear({ type: "press", ...placeOf(digit, layout) });
  pad.hear({ type: "press", ...middle(places.findIndex(({ key }) => key.kind === "erase")) });
  pad.hear({ type: "press", ...middle(places.findIndex(({ key }) => key.kind === "enter")) });
  assert.deepEqual(await asked, { kind: "entered", block: "sealed" });
  assert.deepEqual(block, [4, 0, 9, 1]);
});

test("typed keys count as digits, four at least and twelve at most", async () => {
  const { pad, sent } = padWith();
  const counts: number[] = [];
  let entered = 0;
  const asked = pad.ask({
    encrypt: async (digits) => {
      entered = digits.length;
      return "sealed";
    },
    onCount: (count) => counts.push(count),
  });
  const type = (key: string): void => pad.hear({ type: "key", key });
  for (const key of ["1", "2", "3", "Enter"]) type(key);
  for (const key of "456789012345") type(key);
  type("Enter");
  assert.equal((await asked).kind, "entered");
  assert.equal(entered, 12);
  assert.equal(counts.at(-1), 12);
  assert.equal(sent.at(-1)?.type, "closed");
});

test("Escape cancels, silence ends the entry, and digits do not outlive it", async () => {
  const { pad, clock } = padWith();
  const never = async (): Promise<never> => assert.fail("nothing to encrypt");
  const cancelled = pad.ask({ encrypt: never, onCount: () => undefined });
  pad.hear({ type: "key", key: "1" });
  pad.hear({ type: "key", key: "Escape" });
  assert.deepEqual(await cancelled, { kind: "cancelled" });

  const silent = pad.ask({ encrypt: never, onCount: () => undefined });
  clock.advance(29_999);
  pad.hear({ type: "key", key: "1" });
  clock.advance(29_999);
  pad.hear({ type: "key", key: "2" });
  clock.advance(30_000);
  assert.deepEqual(await silent, { kind: "timed-out" });
  pad.hear({ type: "key", key: "3" });

  const entry = createEntry();
  let held: Uint8Array = new Uint8Array(0);
  for (const digit of [1, 2, 3, 4]) entry.digit(digit);
  await entry.take(async (digits) => {
    held = digits;
    assert.deepEqual([...digits], [1, 2, 3, 4]);
  });
  assert.deepEqual([...held], [0, 0, 0, 0]);
  assert.equal(entry.count(), 0);
});

test("a script types a whole PIN", async () => {
  const { pad } = padWith();
  const digits: number[] = [];
  const result = await pad.ask({
    encrypt: async (given) => digits.push(...given),
    onCount: () => undefined,
    script: "123456",
  });
  assert.equal(result.kind, "entered");
  assert.deepEqual(digits, [1, 2, 3, 4, 5, 6]);
});

test("what goes to the screen is a picture and a count, never a digit", async () => {
  const { pad, sent } = padWith();
  const asked = pad.ask({ encrypt: async () => "sealed", onCount: () => undefined });
  for (const key of "86420") pad.hear({ type: "key", key });
  pad.hear({ type: "key", key: "Enter" });
  await asked;
  assert.deepEqual(
    sent.map((message) => (message.type === "count" ? message.digits : message.type)),
    ["layout", 1, 2, 3, 4, 5, "closed"],
  );
  const [layout] = sent;
  assert.ok(layout?.type === "layout");
  assert.doesNotMatch(layout.image, /<text|aria|title|data-/);
});

test("two pictures of one layout share no stroke that would give a digit away", () => {
  const layout = shuffledLayout(random);
  const strokes = (svg: string): string[] =>
    [...svg.matchAll(/ d="([^"]+)"/g)].map(([, d]) => d ?? "");
  const first = strokes(drawPad(layout, random));
  const second = new Set(strokes(drawPad(layout, random)));
  assert.equal(first.length, 13);
  assert.deepEqual(
    first.filter((stroke) => second.has(stroke)),
    [],
  );
});

test("anything else that a screen sends is ignored", () => {
  const { pad, sent } = padWith();
  void pad.ask({ encrypt: async () => "sealed", onCount: () => undefined });
  for (const message of [undefined, null, 7, "1", {}, { type: "press", x: "0", y: 0 }])
    pad.hear(message);
  for (const key of ["a", "10", "", "Tab"]) pad.hear({ type: "key", key });
  pad.hear({ type: "press", x: Number.NaN, y: 0.5 });
  pad.hear({ type: "press", x: 1, y: 0 });
  assert.deepEqual(
    sent.map(({ type }) => type),
    ["layout"],
  );
  pad.cancel();
});

test("the document has labels for places and none for digits, and lets nothing else run", () => {
  for (const language of ["en", "zh"] as const) {
    const html = padDocument(language, "abc123");
    const labels = [...html.matchAll(/aria-label="([^"]+)"/g)].map(([, label]) => label ?? "");
    assert.equal(labels.length, 14);
    assert.equal(new Set(labels).size, 14);
  }
  const policy = padPolicy(["http://localhost:8090"]);
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /sandbox allow-scripts(;|$)/);
  assert.doesNotMatch(policy, /unsafe|allow-same-origin/);
});
