import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { concat, fromAscii, toAscii } from "@tillway/bytes";
import fc from "fast-check";
import {
  createModuleFrameReader,
  createRemoteModule,
  createSoftwareModule,
  decodeRequest,
  decodeResponse,
  encodeCommand,
  encodeRequest,
  ProtocolError,
  type Random,
  type RemoteModule,
  type SecurityModule,
  securityModuleConformance,
  serveModule,
} from "../index.ts";

/** Repeatable bytes: hashes of a counter. */
function sequence(seed: number): Random {
  let count = 0;
  return (length) => {
    let bytes: Uint8Array = new Uint8Array(0);
    while (bytes.length < length) {
      count += 1;
      bytes = concat(bytes, createHash("sha256").update(`${seed} ${count}`).digest());
    }
    return bytes.slice(0, length);
  };
}

function software(seed: number): SecurityModule {
  const random = sequence(seed);
  return createSoftwareModule({ masterKey: random(32), random });
}

type Wire = { readonly remote: RemoteModule; readonly frames: Uint8Array[] };

/** A client and its module with a stream between them that is cut into chunks of any length. */
function connected(module: SecurityModule, chunk: number): Wire {
  const frames: Uint8Array[] = [];
  const cut = (bytes: Uint8Array, receive: (part: Uint8Array) => void): void => {
    for (let at = 0; at < bytes.length; at += chunk) {
      const part = bytes.slice(at, at + chunk);
      queueMicrotask(() => receive(part));
    }
  };
  const remote: RemoteModule = createRemoteModule({
    send: (bytes) => {
      frames.push(bytes);
      cut(bytes, served.receive);
    },
  });
  const served = serveModule(module, { send: (bytes) => cut(bytes, remote.receive) });
  return { remote, frames };
}

let modules = 0;

securityModuleConformance(
  () => {
    modules += 1;
    return connected(software(modules), 1 + ((modules * 7919) % 5000)).remote;
  },
  (name, run) => {
    test(`remote security module ${name}`, run);
  },
);

test("commands of one turn travel in one batch, and what comes meanwhile in the next", async () => {
  const { remote, frames } = connected(software(1), 4096);
  const command = { do: "generate-key", usage: "M7", algorithm: "hmac", bytes: 32 } as const;
  const many = Promise.all([remote.run(command), remote.run(command), remote.runAll([command])]);
  assert.equal(remote.waiting, 3);
  await Promise.resolve();
  const later = Array.from({ length: 600 }, () => remote.run(command));
  await Promise.all([many, ...later]);
  assert.equal(remote.waiting, 0);
  const lengths = frames.map((frame) => decodeRequest(frame.subarray(4)).commands.length);
  assert.deepEqual(lengths, [3, 256, 256, 88]);
});

test("while all batches allowed are on their way, commands wait", async () => {
  const frames: Uint8Array[] = [];
  const remote = createRemoteModule({ send: (bytes) => frames.push(bytes), inFlight: 1 });
  const command = { do: "generate-token", key: "", pan: "6200001234567892" } as const;
  for (let count = 0; count < 3; count += 1) {
    remote.run(command).catch(() => undefined);
    await Promise.resolve();
  }
  assert.equal(frames.length, 1);
  const refused = { ok: false, refused: "bad-key-block", message: "no" } as const;
  const answers: { send?: Uint8Array } = {};
  const failing: SecurityModule = {
    run: () => Promise.reject(new Error("not used")),
    runAll: async (commands) => commands.map(() => refused) as never,
  };
  serveModule(failing, { send: (bytes) => (answers.send = bytes) }).receive(frames[0]!);
  await new Promise((resolve) => setImmediate(resolve));
  remote.receive(answers.send!);
  assert.deepEqual(
    frames.map((frame) => decodeRequest(frame.subarray(4)).commands.length),
    [1, 2],
  );
  remote.close(new Error("done"));
});

test("a frame that would be too long is two", async () => {
  const frames: number[] = [];
  const remote = createRemoteModule({
    send: (bytes) => frames.push(bytes.length),
    maximum: 2000,
    inFlight: 9,
  });
  const data = new Uint8Array(100);
  const key = "";
  for (let count = 0; count < 4; count += 1) {
    remote.run({ do: "mac", key, algorithm: "cmac", data }).catch(() => undefined);
  }
  await Promise.resolve();
  assert.equal(frames.length, 2);
  assert.ok(Math.max(...frames) <= 2004);
});

test("a lost connection rejects all that waits and all that comes", async () => {
  const remote = createRemoteModule({ send: () => undefined, inFlight: 1 });
  const command = { do: "generate-token", key: "", pan: "6200001234567892" } as const;
  const first = remote.run(command);
  await Promise.resolve();
  const second = remote.run(command);
  remote.close(new Error("connection lost"));
  remote.close(new Error("closed again"));
  for (const waiting of [first, second, remote.run(command)]) {
    await assert.rejects(waiting, /connection lost/);
  }
  assert.equal(remote.waiting, 0);
});

test("a defect of the module fails its batch and no other", async () => {
  const broken = software(2);
  let fail = true;
  const reasons: unknown[] = [];
  const module: SecurityModule = {
    run: (command) => broken.run(command),
    runAll: async (commands) => {
      if (fail) throw new TypeError("defect");
      return broken.runAll(commands);
    },
  };
  const remote: RemoteModule = createRemoteModule({ send: (bytes) => served.receive(bytes) });
  const served = serveModule(module, {
    send: (bytes) => remote.receive(bytes),
    onFailure: (reason) => reasons.push(reason),
  });
  const command = { do: "generate-key", usage: "M7", algorithm: "hmac", bytes: 32 } as const;
  await assert.rejects(remote.run(command), /the security module failed/);
  assert.match(String(reasons), /defect/);
  fail = false;
  assert.equal((await remote.run(command)).ok, true);
});

test("what is no command is answered as malformed, among commands that are done", async () => {
  const answers: Uint8Array[] = [];
  const served = serveModule(software(3), { send: (bytes) => answers.push(bytes) });
  const good = encodeCommand({ do: "generate-key", usage: "M7", algorithm: "hmac", bytes: 32 });
  const bad = [
    `{"do":"open-sesame"}`,
    `null`,
    `{"do":"generate-key","usage":"M7","algorithm":"hmac","bytes":33}`,
    `{"do":"mac","key":"","algorithm":"cmac","data":"0g"}`,
    `{"do":"mac","key":"","algorithm":"cmac","data":" AA=="}`,
    `{"do":"generate-token","key":1,"pan":"6200001234567892"}`,
    `{"do":"generate-token","key":""}`,
    `{"do":"generate-token","key":"","pan":"1","clue":"6200001234567892"}`,
  ];
  served.receive(encodeRequest(5, [...bad, good]));
  await new Promise((resolve) => setImmediate(resolve));
  const text = toAscii(concat(...answers).subarray(4));
  const { answers: told } = JSON.parse(text);
  assert.deepEqual(
    told.slice(0, -1).map((one: { refused: string; message: string }) => one.message),
    [
      "command: do is not of the expected form",
      "command: do is not of the expected form",
      "generate-key: bytes is not of the expected form",
      "mac: data is not of the expected form",
      "mac: data is not of the expected form",
      "generate-token: key is not of the expected form",
      "generate-token: pan is not of the expected form",
      "generate-token: member is not of the expected form",
    ],
  );
  assert.equal(told.at(-1).ok, true);
  assert.equal(text.includes("6200001234567892"), false);
});

test("a command comes out of its frame as it went in", () => {
  const data = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(fc.nat(), fc.string(), data, fc.boolean(), (id, key, bytes, exportable) => {
      const commands = [
        { do: "mac", key, algorithm: "cmac", data: bytes },
        { do: "generate-key", usage: "P0", algorithm: "tdes", bytes: 16, exportable },
        { do: "import-components", usage: "K1", algorithm: "aes", components: [key, key] },
      ] as const;
      const frame = encodeRequest(id, commands.map(encodeCommand));
      assert.deepEqual(decodeRequest(frame.subarray(4)), { id, commands });
    }),
  );
});

test("frames come out of a stream however it is cut", () => {
  const frames = fc.array(fc.nat(9), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(frames, fc.array(fc.nat(60), { maxLength: 8 }), (ids, cuts) => {
      const stream = concat(...ids.map((id) => encodeRequest(id, [])));
      const edges = [0, ...cuts.map((cut) => cut % stream.length), stream.length];
      edges.sort((one, other) => one - other);
      const reader = createModuleFrameReader();
      const found = edges
        .slice(1)
        .flatMap((end, at) => reader.push(stream.slice(edges[at], end)))
        .map((contents) => decodeRequest(contents).id);
      assert.deepEqual(found, ids);
    }),
  );
});

test("other bytes are a protocol error at a place, and hold no memory", () => {
  const names = (): readonly string[] => ["mac"];
  const json = fc.oneof(
    fc.json(),
    fc.record({ v: fc.constant(1), id: fc.nat(), commands: fc.anything() }).map(jsonOf),
    fc.record({ v: fc.constant(1), id: fc.nat(), answers: fc.anything() }).map(jsonOf),
  );
  const contents = fc.oneof(
    fc.uint8Array(),
    json.map((text) => new TextEncoder().encode(text)),
  );
  fc.assert(
    fc.property(contents, (bytes) => {
      for (const decode of [() => decodeRequest(bytes), () => decodeResponse(bytes, names)]) {
        try {
          decode();
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }
    }),
    { numRuns: 300 },
  );
  const reader = createModuleFrameReader(1000);
  assert.throws(() => reader.push(Uint8Array.of(0, 0, 4, 0)), /frame: is longer than allowed/);
  const wrong = (text: string): (() => unknown) => {
    return () => decodeResponse(fromAscii(text), (id) => (id === 1 ? ["mac"] : undefined));
  };
  assert.throws(wrong(`{"v":2,"id":1}`), /v: is another version than 1/);
  assert.throws(wrong(`{"v":1,"id":2,"answers":[]}`), /id: is of no batch that waits/);
  assert.throws(wrong(`{"v":1,"id":1,"answers":[]}`), /answers: is not a list of one answer/);
  assert.throws(wrong(`{"v":1,"id":1,"answers":[{"ok":true}]}`), /answers.0.mac: is missing/);
});

function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? 0 : part)) ?? "0";
}
