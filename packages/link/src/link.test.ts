import assert from "node:assert/strict";
import {
  connect,
  createServer,
  type AddressInfo,
  type Server,
  type Socket as NetSocket,
} from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import type { Frame } from "@tillway/iso8583";
import { acceptFrames, createPending, openLink, type Clock, type FrameLimits } from "./index.ts";
import { manualClock } from "./manual-clock.ts";

const clock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const limits: FrameLimits = { maximum: 100, idleMs: 60_000, stallMs: 10_000, unsent: 1 << 20 };
const text = (frame: Frame): string => Buffer.from(frame.payload).toString();
const frame = (payload: string): Frame => ({ payload: Buffer.from(payload) });

type Host = {
  port: number;
  server: Server;
  reasons: string[];
  sockets: NetSocket[];
  heard: string[];
  close(): void;
};

/** A host that answers each frame with the same text in capitals. */
async function startHost(time: Clock = manualClock()): Promise<Host> {
  const reasons: string[] = [];
  const sockets: NetSocket[] = [];
  const heard: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    acceptFrames(socket, "2be", limits, time, {
      onFrame: (one, connection) => {
        heard.push(text(one));
        connection.send(frame(text(one).toUpperCase()));
      },
      onClosed: (reason) => reasons.push(reason),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    reasons,
    sockets,
    heard,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (condition()) return;
    await sleep(5);
  }
  assert.fail("the condition did not come true within 2.5 s");
}

test("frames are answered one by one, however the stream is cut", async () => {
  const host = await startHost();
  const heard: string[] = [];
  const socket = connect(host.port, "127.0.0.1");
  acceptFrames(socket, "2be", limits, manualClock(), {
    onFrame: (one) => heard.push(text(one)),
  });
  socket.setNoDelay(true);
  for (const byte of Buffer.from("\0\u0003abc\0\u0002de")) {
    socket.write(Buffer.of(byte));
    await sleep(2);
  }
  await until(() => heard.length === 2);
  assert.deepEqual(heard, ["ABC", "DE"]);
  socket.destroy();
  host.close();
});

test("a peer that stalls in a frame, is silent or sends too long a frame is closed; others go on", async () => {
  const time = manualClock();
  const host = await startHost(time);
  const open = async (): Promise<NetSocket> => {
    const before = host.sockets.length;
    const socket = connect(host.port, "127.0.0.1").on("error", () => undefined);
    await until(() => host.sockets.length > before);
    return socket;
  };
  const heard = async (at: number, bytes: number): Promise<void> =>
    until(() => (host.sockets[at]?.bytesRead ?? 0) >= bytes);

  const stalled = await open();
  stalled.write("\0\u0005ab");
  await heard(0, 4);
  const good = await open();
  const answers: string[] = [];
  acceptFrames(good, "2be", limits, manualClock(), { onFrame: (one) => answers.push(text(one)) });
  time.advance(limits.stallMs);
  assert.deepEqual(host.reasons, ["stalled"]);

  const long = await open();
  long.write(Buffer.from([0xff, 0xff, 1, 2]));
  await until(() => host.reasons.includes("bad-frame"));
  good.write(Buffer.from("\0\u000astill here"));
  await until(() => answers.length === 1);
  assert.deepEqual(answers, ["STILL HERE"]);

  time.advance(limits.idleMs);
  assert.deepEqual(host.reasons, ["stalled", "bad-frame", "idle"]);
  host.close();
});

test("whole frames before a broken one still count", async () => {
  const host = await startHost();
  const socket = connect(host.port, "127.0.0.1").on("error", () => undefined);
  socket.write(Buffer.concat([Buffer.from("\0\u0002ok"), Buffer.from([0xff, 0xff])]));
  await until(() => host.reasons.length > 0);
  assert.deepEqual(host.heard, ["ok"]);
  assert.deepEqual(host.reasons, ["bad-frame"]);
  host.close();
});

test("a link connects again after a loss, and says up and down in turn", async () => {
  const host = await startHost();
  const said: string[] = [];
  const heard: string[] = [];
  const link = openLink({
    connect: () => connect(host.port, "127.0.0.1"),
    framing: "2be",
    limits,
    clock,
    backoff: { first: 10, longest: 40 },
    onUp: () => said.push("up"),
    onFrame: (one) => heard.push(text(one)),
    onDown: () => said.push("down"),
  });
  await until(link.up);
  host.sockets[0]?.destroy();
  await until(() => said.length === 3);
  assert.deepEqual(said, ["up", "down", "up"]);
  assert.equal(link.send(frame("again")), true);
  await until(() => heard.length === 1);
  host.close();
  await until(() => !link.up());
  assert.equal(link.send(frame("nobody")), false);
  const before = said.length;
  await until(() => said.length >= before + 2);
  link.close();
  const after = said.length;
  await sleep(100);
  assert.equal(said.length, after, "a closed link does not try again");
});

test("a reply settles its own request once; the rest time out or go down", async () => {
  const pending = createPending<string>(clock);
  const first = pending.expect("1", 1000);
  const second = pending.expect("2", 10);
  const third = pending.expect("3", 1000);
  assert.throws(() => void pending.expect("1", 1000));
  assert.equal(pending.settle("1", "yes"), true);
  assert.equal(pending.settle("1", "again"), false, "a second reply is late");
  assert.equal(pending.settle("9", "stranger"), false);
  assert.deepEqual(await first, { kind: "reply", reply: "yes" });
  assert.deepEqual(await second, { kind: "timeout" });
  pending.abandon();
  assert.deepEqual(await third, { kind: "down" });
  assert.equal(pending.size(), 0);
});
