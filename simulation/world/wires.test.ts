import assert from "node:assert/strict";
import { test } from "node:test";
import type { Socket } from "@tillway/link";
import { Dice } from "./dice.ts";
import { durable, type StoreFault } from "./durable.ts";
import { Process, type Life } from "./process.ts";
import { Scheduler } from "./scheduler.ts";
import { Wires, type Fault } from "./wires.ts";

type House = {
  readonly scheduler: Scheduler;
  readonly wires: Wires;
  readonly life: (name: string, crashStep?: number) => Life;
  readonly settle: () => Promise<void>;
};

function house(faults: Readonly<Record<string, Fault>> = {}): House {
  const scheduler = new Scheduler();
  const dice = new Dice("wires");
  const wires = new Wires({
    scheduler,
    dice,
    fate: (way, frame) => faults[`${way}#${frame}`],
    isScarce: () => false,
    tap: () => undefined,
    forge: () => undefined,
    note: () => undefined,
  });
  const life = (name: string, crashStep?: number): Life => {
    let made: Life | undefined;
    const process = new Process({
      name,
      scheduler,
      epoch: 0,
      dice,
      drift: { skewMs: 0, ppm: 0 },
      crashes: crashStep === undefined ? [] : [{ step: crashStep, downMs: 1_000_000 }],
      start: (own) => {
        made ??= own;
      },
      note: () => undefined,
    });
    process.boot();
    return {
      alive: () => made?.alive() ?? true,
      clock: { now: () => scheduler.now, after: (ms, run) => scheduler.after(ms, run) },
      random: dice.bytes,
      after: (ms, run) => made?.after(ms, run) ?? scheduler.after(ms, run),
      onEnd: (ended) => made?.onEnd(ended),
    };
  };
  const settle = async (): Promise<void> => {
    while (await scheduler.step());
  };
  return { scheduler, wires, life, settle };
}

/** Connects and sends these words; what arrives, in the order in which it does. */
async function say(words: readonly string[], faults: Readonly<Record<string, Fault>> = {}) {
  const { wires, life, settle } = house(faults);
  const heard: string[] = [];
  let open: Socket | undefined;
  let closes = 0;
  wires.listen("host", life("host"), (socket) => {
    socket.on("data", (chunk) => void heard.push(new TextDecoder().decode(chunk)));
    socket.on("close", () => (closes += 1));
  });
  const socket = wires.connect("till", life("till"), "host");
  socket.on("connect", () => (open = socket));
  socket.on("close", () => (closes += 1));
  await settle();
  for (const word of words) open?.write(new TextEncoder().encode(word));
  await settle();
  return { heard: heard.join(""), closes };
}

test("without faults everything arrives once and in order", async () => {
  assert.deepEqual(await say(["one ", "two ", "three"]), { heard: "one two three", closes: 0 });
});

test("frames are lost, doubled and overtaken where the plan says so", async () => {
  const lost = await say(["one ", "two ", "three"], { "till>host#2": { do: "drop" } });
  assert.equal(lost.heard, "one three");
  const twice = await say(["one ", "two "], { "till>host#1": { do: "twice" } });
  assert.equal(twice.heard.split("one ").length, 3);
  const late = await say(["one ", "two "], { "till>host#1": { do: "late" } });
  assert.equal(late.heard, "two one ");
});

test("a cut closes both ends, and the way is shut until it heals", async () => {
  const cut = await say(["one ", "two"], { "till>host#2": { do: "cut", outageMs: 5 } });
  assert.deepEqual(cut, { heard: "one ", closes: 2 });
});

test("a connection to nobody is refused", async () => {
  const { wires, life, settle } = house();
  let failed = false;
  wires.connect("till", life("till"), "host").on("error", () => (failed = true));
  await settle();
  assert.ok(failed);
});

test("a store call is done wholly or not at all, and a dead process hears of neither", async () => {
  for (const [fault, done, told] of [
    [undefined, 1, "result"],
    ["before", 0, "the database is gone"],
    ["after", 1, "the connection to the database was lost"],
  ] as const) {
    const { life, settle } = house();
    let count = 0;
    const own = life("host");
    await settle();
    const store = { write: () => Promise.resolve(((count += 1), "result")) };
    const port = durable(own, new Dice("store"), store, (): StoreFault => fault);
    let heard = "";
    port.write().then(
      (result) => (heard = result),
      (error: Error) => (heard = error.message),
    );
    await settle();
    assert.deepEqual([count, heard], [done, told]);
  }
  const { life, settle } = house();
  // Its first step is the call, its second one the result.
  const own = life("host", 2);
  await settle();
  let count = 0;
  const store = { write: () => Promise.resolve((count += 1)) };
  let heard = false;
  void durable(own, new Dice("store"), store, () => undefined)
    .write()
    .then(() => (heard = true));
  await settle();
  assert.deepEqual([count, heard], [1, false]);
});
