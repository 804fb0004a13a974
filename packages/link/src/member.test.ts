import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { beforeEach, test } from "node:test";
import {
  buildCupsHeader,
  createFrameReader,
  cups,
  decode,
  encode,
  writeFrame,
  type Decoded,
  type MessageFields,
} from "@tillway/iso8583";
import { createSoftwareModule, type KeyBlock } from "@tillway/keys";
import {
  encodeWithMac,
  hasValidMac,
  openMember,
  type MacKey,
  type Member,
  type Socket,
} from "./index.ts";
import { manualClock } from "./manual-clock.ts";

let seed = 0;
const random = (length: number): Uint8Array =>
  Uint8Array.from({ length }, () => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) >> 16);
const module = createSoftwareModule({ masterKey: random(32), random });

/** A key of the network's and, where it travels, as DE 48 brings it. */
async function makeKey(usage: "K0" | "P0" | "M3", under?: KeyBlock) {
  const shape = { usage, algorithm: "tdes", bytes: 16, exportable: true } as const;
  const made = await module.run({ do: "generate-key", ...shape });
  assert.ok(made.ok);
  if (under === undefined) return { key: made.key, carried: "" };
  const sent = await module.run({ do: "export-ecb", key: made.key, under });
  assert.ok(sent.ok);
  return { key: made.key, carried: `NK${sent.cipher}${sent.kcv.slice(0, 8)}` };
}

/** Whatever is under way between promises comes to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((next) => setImmediate(next));
}

const zmk = (await makeKey("K0")).key;

/** The network at the other end of an in-memory socket: it hears every message of the member. */
class Wire extends EventEmitter {
  readonly writableLength = 0;
  readonly heard: Decoded[] = [];
  ended = false;
  readonly #reader = createFrameReader("cups46", { maximum: 4096 });
  readonly #answer: (message: Decoded, payload: Uint8Array, wire: Wire) => Promise<void>;
  constructor(answer: (message: Decoded, payload: Uint8Array, wire: Wire) => Promise<void>) {
    super();
    this.#answer = answer;
    setImmediate(() => this.emit("connect"));
  }
  write(bytes: Uint8Array): boolean {
    for (const { payload } of this.#reader.push(bytes)) {
      const message = decode(cups, payload);
      this.heard.push(message);
      void this.#answer(message, payload, this);
    }
    return true;
  }
  end(): void {
    this.destroy();
  }
  destroy(): void {
    if (this.ended) return;
    this.ended = true;
    setImmediate(() => this.emit("close"));
  }
  /** Sends messages in one piece. */
  say(...payloads: readonly Uint8Array[]): void {
    const header = buildCupsHeader({ source: "00010000", destination: "48021000" });
    const frames = payloads.map((payload) => writeFrame("cups46", { header, payload }));
    this.emit("data", Buffer.concat(frames));
  }
}

const request: MessageFields = { "3": "000000", "7": "0102030405", "11": "000009" };

type House = {
  readonly clock: ReturnType<typeof manualClock>;
  readonly wires: Wire[];
  readonly events: string[];
  readonly faults: string[];
  readonly kept: string[];
  readonly messages: { readonly mti: string; readonly authentic: boolean }[];
  readonly zaks: MacKey[];
  /** DE 39 by DE 70; "" is silence. */
  readonly codes: Record<string, string>;
  /** Sent in one piece with the answer to the first echo. */
  behindEcho: (() => Promise<Uint8Array>) | undefined;
  member: Member;
};

let house: House;

function answerOf(home: House) {
  return async (message: Decoded, payload: Uint8Array, wire: Wire): Promise<void> => {
    if (message.mti !== "0800") return;
    const { "70": what = "", "53": control = "", "128": mac, ...same } = message.fields;
    const code = home.codes[what] ?? "00";
    if (code === "") return;
    const fields: Record<string, string> = { ...same, "70": what, "39": code };
    if (what === "101") {
      const made = await makeKey(control.startsWith("16") ? "P0" : "M3", zmk);
      fields["48"] = made.carried;
      if (control.startsWith("20")) home.zaks.unshift({ key: made.key, algorithm: "x919" });
    }
    if (what === "301") {
      const macs = home.zaks.slice(0, 1);
      const proof =
        mac !== undefined && (await hasValidMac(module, cups, { payload, message }, macs));
      if (!proof) fields["39"] = "A0";
    }
    const reply = encode(cups, { mti: "0810", fields });
    const more = what === "301" ? await home.behindEcho?.() : undefined;
    wire.say(...(more ? [reply, more] : [reply]));
  };
}

beforeEach(() => {
  const clock = manualClock();
  let trace = 0;
  const lists = { wires: [], events: [], faults: [], kept: [], messages: [], zaks: [], codes: {} };
  const home: House = {
    ...lists,
    clock,
    behindEcho: undefined,
    member: { line: () => undefined, doubt: () => undefined, close: () => undefined },
  };
  house = home;
  const open = (): Socket => {
    const wire = new Wire(answerOf(home));
    home.wires.push(wire);
    return wire;
  };
  home.member = openMember({
    connect: open,
    clock,
    module,
    institution: "48021000",
    network: "00010000",
    mac: "x919",
    replyMs: 500,
    echoMs: 60_000,
    transmit: () => {
      trace += 1;
      return Promise.resolve({
        trace: String(trace).padStart(6, "0"),
        transmission: "0102030405",
      });
    },
    zmk: () => Promise.resolve(zmk),
    keep: (usage, _key, kcv) => {
      home.kept.push(`${usage} ${kcv.length}`);
      return Promise.resolve();
    },
    onMessage: async (received, line) => {
      const macs = line.keys ? [line.keys.zak] : [];
      const authentic = await hasValidMac(module, cups, received, macs);
      home.messages.push({ mti: received.message.mti, authentic });
    },
    onUp: () => home.events.push("up"),
    onDown: () => home.events.push("down"),
    onEvent: (event) => home.events.push(event),
    onFault: (what) => home.faults.push(what),
  });
});

const asked = (wire: Wire | undefined): string[] =>
  (wire?.heard ?? []).map(({ fields }) => `${fields["70"]} ${fields["53"] ?? ""}`.trim());

test("a member signs on, fetches both keys, and proves with a MAC that it has them", async () => {
  await settled();
  const proof = ["001", "101 1600000000000000", "101 2000000000000000", "301"];
  assert.deepEqual(asked(house.wires[0]), proof);
  assert.deepEqual(house.kept, ["zpk 8", "zak 8"]);
  assert.deepEqual(house.events, ["link-connected", "link-up", "up"]);
  const line = house.member.line();
  assert.ok(line);
  const message = { mti: "0200", fields: request };
  const payload = await encodeWithMac(module, cups, message, line.keys.zak);
  const received = { payload, message: decode(cups, payload) };
  assert.equal(await hasValidMac(module, cups, received, house.zaks), true);
  payload[40] = (payload[40] ?? 0) ^ 1;
  assert.equal(await hasValidMac(module, cups, received, house.zaks), false);
});

test("a request right behind the answer to the echo finds its keys", async () => {
  const message = { mti: "0200", fields: request };
  house.behindEcho = async () => {
    const [zak] = house.zaks;
    assert.ok(zak);
    return encodeWithMac(module, cups, message, zak);
  };
  await settled();
  assert.deepEqual(house.messages, [{ mti: "0200", authentic: true }]);
  // Without its MAC it is heard too, as what it is.
  house.wires[0]?.say(encode(cups, message));
  await settled();
  assert.deepEqual(house.messages[1], { mti: "0200", authentic: false });
});

for (const step of ["001", "101", "301"]) {
  test(`a network that refuses ${step} is tried again after a pause`, async () => {
    house.codes[step] = "92";
    await settled();
    assert.equal(house.member.line(), undefined);
    assert.deepEqual(house.events, ["link-connected", "sign-on-refused"]);
    house.codes[step] = "00";
    house.clock.advance(999);
    assert.equal(house.wires[0]?.ended, false);
    house.clock.advance(1);
    assert.equal(house.wires[0]?.ended, true);
    house.clock.advance(5000);
    await settled();
    assert.equal(house.wires.length, 2);
    assert.ok(house.member.line());
  });
}

test("a sign-on that is not answered ends with the wait", async () => {
  house.codes["101"] = "";
  await settled();
  assert.equal(house.member.line(), undefined);
  house.clock.advance(500);
  await settled();
  assert.equal(house.events.at(-1), "sign-on-refused");
});

for (const code of ["", "A0"]) {
  const what = code === "" ? "no answer" : `the answer ${code}`;
  test(`after a silence the line is probed; ${what} ends it, and a new sign-on begins`, async () => {
    await settled();
    const first = house.member.line();
    house.clock.advance(60_000);
    await settled();
    assert.equal(asked(house.wires[0]).length, 5);
    assert.equal(house.member.line(), first);
    house.codes["301"] = code;
    house.clock.advance(60_000);
    await settled();
    house.codes["301"] = "00";
    // The wait for an answer; where one came, the line is down already.
    if (code === "") house.clock.advance(500);
    await settled();
    assert.equal(house.wires[0]?.ended, true);
    assert.equal(house.member.line(), undefined);
    assert.ok(house.events.includes("link-down-closed-here") && house.events.includes("down"));
    house.clock.advance(5000);
    await settled();
    assert.ok(house.member.line());
    assert.notEqual(house.member.line(), first);
  });
}

/** The network takes another MAC key than the member has, as after a key change that came twice. */
async function divergeKeys(): Promise<void> {
  const { key } = await makeKey("M3");
  house.zaks.unshift({ key, algorithm: "x919" });
}

test("an answer A0 makes the line prove its keys; where they differ it signs on anew", async () => {
  await settled();
  const refusal = encode(cups, { mti: "0210", fields: { ...request, "39": "A0" } });
  house.wires[0]?.say(refusal);
  await settled();
  assert.equal(asked(house.wires[0]).at(-1), "301");
  assert.equal(house.wires[0]?.ended, false);
  await divergeKeys();
  house.wires[0]?.say(refusal, refusal);
  await settled();
  assert.equal(asked(house.wires[0]).filter((what) => what === "301").length, 3);
  assert.equal(house.wires[0]?.ended, true);
  house.clock.advance(5000);
  await settled();
  assert.equal(house.wires.length, 2);
  assert.ok(house.member.line());
});

test("an echo that is answered under another key ends the line", async () => {
  await settled();
  house.codes["301"] = "";
  house.member.doubt();
  await settled();
  await divergeKeys();
  const [zak] = house.zaks;
  const echo = house.wires[0]?.heard.at(-1);
  assert.ok(zak && echo);
  const { "128": _mac, ...fields } = echo.fields;
  const answer = { mti: "0810", fields: { ...fields, "39": "00" } };
  house.wires[0]?.say(await encodeWithMac(module, cups, answer, zak));
  await settled();
  assert.equal(house.wires[0]?.ended, true);
});

test("the network's own echo is answered, what is not known is refused, rubbish is counted", async () => {
  await settled();
  const [wire] = house.wires;
  wire?.say(
    encode(cups, { mti: "0800", fields: { "7": "0102030405", "11": "000777", "70": "301" } }),
  );
  wire?.say(
    encode(cups, { mti: "0800", fields: { "7": "0102030405", "11": "000778", "70": "002" } }),
  );
  wire?.say(
    encode(cups, { mti: "0810", fields: { "7": "0102030405", "11": "000779", "39": "00" } }),
  );
  wire?.say(new Uint8Array(30));
  const answers = wire?.heard.slice(-2).map(({ mti, fields }) => [mti, fields["11"], fields["39"]]);
  assert.deepEqual(answers, [
    ["0810", "000777", "00"],
    ["0810", "000778", "40"],
  ]);
  assert.deepEqual(house.events.slice(-2), ["unknown-answer", "unreadable-network-message"]);
  assert.deepEqual(house.faults, ["a message of the network could not be read"]);
  assert.ok(house.member.line());
});

test("a closed member stays away", async () => {
  await settled();
  house.member.close();
  house.clock.advance(600_000);
  await settled();
  assert.equal(house.member.line(), undefined);
  assert.equal(house.wires.length, 1);
});
