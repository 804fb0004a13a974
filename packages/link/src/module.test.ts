import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { createSoftwareModule, securityModuleConformance, serveModule } from "@tillway/keys";
import { ModuleLost, openModuleLink, type ModuleLink, type Socket } from "./index.ts";
import { manualClock } from "./manual-clock.ts";

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const command = { do: "generate-key", usage: "M7", algorithm: "hmac", bytes: 32 } as const;

/** A socket of which the test holds the other end. */
class Wire extends EventEmitter implements Socket {
  readonly writableLength = 0;
  readonly sent: Uint8Array[] = [];
  destroyed = false;
  onSent: (bytes: Uint8Array) => void = () => undefined;
  write(bytes: Uint8Array): boolean {
    this.sent.push(bytes);
    this.onSent(bytes);
    return true;
  }
  end(): void {
    this.destroy();
  }
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit("close");
  }
  /** Puts a module at the other end. */
  serve(masterKey: Uint8Array = random(32)): void {
    const module = createSoftwareModule({ masterKey, random });
    const { receive } = serveModule(module, { send: (bytes) => this.emit("data", bytes) });
    this.onSent = (bytes) => queueMicrotask(() => receive(bytes));
    this.emit("connect");
  }
}

type Bench = {
  readonly link: ModuleLink;
  readonly clock: ReturnType<typeof manualClock>;
  readonly wires: Wire[];
  readonly events: string[];
};

function bench(): Bench {
  const clock = manualClock();
  const wires: Wire[] = [];
  const events: string[] = [];
  const link = openModuleLink({
    connect: () => {
      wires.push(new Wire());
      return wires.at(-1)!;
    },
    clock,
    patienceMs: 1000,
    onEvent: (event) => events.push(event),
  });
  return { link, clock, wires, events };
}

const lostFor =
  (reason: string) =>
  (error: unknown): boolean =>
    error instanceof ModuleLost && error.reason === reason;

securityModuleConformance(
  () => {
    const { link, wires } = bench();
    wires[0]!.serve();
    return link;
  },
  (name, run) => {
    test(`security module behind a link ${name}`, run);
  },
);

test("commands wait for the connection, and those of one turn go in one batch", async () => {
  const { link, wires, events } = bench();
  const answers = Promise.all([link.run(command), link.run(command), link.runAll([command])]);
  await turn();
  wires[0]!.serve();
  const [one] = await answers;
  assert.equal(one.ok, true);
  assert.equal(wires[0]!.sent.length, 1);
  assert.deepEqual(events, ["up"]);
});

test("without a connection a command is rejected when its patience is over", async () => {
  const { link, clock } = bench();
  const waiting = assert.rejects(link.run(command), lostFor("no-connection"));
  clock.advance(999);
  await turn();
  clock.advance(1);
  await waiting;
});

test("commands on the way when the module dies are sent once more to the next", async () => {
  const { link, clock, wires, events } = bench();
  wires[0]!.emit("connect");
  const answer = link.run(command);
  await turn();
  assert.equal(wires[0]!.sent.length, 1);
  wires[0]!.emit("end");
  await turn();
  clock.advance(20);
  assert.equal(wires.length, 2);
  wires[1]!.serve();
  assert.equal((await answer).ok, true);
  assert.deepEqual(events, ["up", "closed-by-peer", "up"]);
});

test("a command that takes the module down twice is rejected", async () => {
  const { link, clock, wires } = bench();
  const answer = assert.rejects(link.run(command), lostFor("closed-by-peer"));
  for (const at of [0, 1]) {
    wires[at]!.emit("connect");
    await turn();
    wires[at]!.emit("close");
    await turn();
    clock.advance(20);
  }
  await answer;
});

test("a module that does not answer is left, and its commands are not sent again", async () => {
  const { link, clock, wires, events } = bench();
  wires[0]!.emit("connect");
  const answer = assert.rejects(link.run(command), lostFor("not-answering"));
  await turn();
  clock.advance(1000);
  await answer;
  assert.equal(wires[0]!.destroyed, true);
  assert.deepEqual(events, ["up", "not-answering"]);
  clock.advance(20);
  wires[1]!.serve();
  assert.equal((await link.run(command)).ok, true, "the next connection serves on");
});

test("a peer that speaks another protocol is left", async () => {
  const { link, wires, clock, events } = bench();
  wires[0]!.emit("connect");
  const answer = link.run(command);
  await turn();
  wires[0]!.emit("data", Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  assert.deepEqual(events, ["up", "no-protocol"]);
  await turn();
  clock.advance(20);
  wires[1]!.serve();
  assert.equal((await answer).ok, true);
});

test("closing rejects what waits, and all that comes", async () => {
  const { link, wires, clock } = bench();
  const early = assert.rejects(link.run(command), lostFor("closed-here"));
  await turn();
  link.close();
  await early;
  await assert.rejects(link.run(command), lostFor("closed-here"));
  clock.advance(10_000);
  assert.equal(wires.length, 1, "it does not connect again");
  const other = bench();
  other.wires[0]!.emit("connect");
  const sent = assert.rejects(other.link.run(command), lostFor("closed-here"));
  await turn();
  other.link.close();
  await sent;
});
