/** The module's process as it is started: its socket, its conformance, its log, its end. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { createRemoteModule, securityModuleConformance, type SecurityModule } from "@tillway/keys";

const main = join(import.meta.dirname, "main.ts");
const home = mkdtempSync(join(tmpdir(), "tillway-module-"));

type Running = {
  readonly socket: string;
  readonly child: ChildProcess;
  /** What it logged so far. */
  readonly logged: () => string;
  readonly ended: Promise<number | null>;
};

const running: Running[] = [];
const sockets: Socket[] = [];
after(async () => {
  for (const socket of sockets) socket.destroy();
  for (const { child, ended } of running) {
    child.kill("SIGTERM");
    await ended;
  }
  rmSync(home, { recursive: true, force: true });
});

function launch(data: string, own: Record<string, string> = {}): Omit<Running, "socket"> {
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, TILLWAY_DATA: data, TILLWAY_LOG: "info", ...own },
  });
  let logged = "";
  child.stderr.on("data", (chunk: Buffer) => (logged += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, logged: () => logged };
}

async function start(data: string, own: Record<string, string> = {}): Promise<Running> {
  const launched = launch(data, own);
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: launched.child.stdout! }).once("line", resolve);
    void launched.ended.then(() => reject(new Error(launched.logged())));
  });
  const one = { ...launched, socket: (JSON.parse(line) as { socket: string }).socket };
  running.push(one);
  return one;
}

function ask(path: string): Promise<SecurityModule> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    sockets.push(socket);
    const remote = createRemoteModule({ send: (bytes) => socket.write(bytes) });
    socket.on("data", (chunk: Uint8Array) => remote.receive(chunk));
    socket.on("connect", () => resolve(remote));
    socket.on("error", reject);
    socket.on("close", () => remote.close(new Error("the connection is gone")));
  });
}

/** Two processes with a master key each: no case needs more than two modules at a time. */
const pair = [start(join(home, "one")), start(join(home, "two"))] as const;
let asked = 0;

securityModuleConformance(
  async () => {
    asked += 1;
    const { socket } = await pair[asked % 2 === 0 ? 0 : 1];
    return ask(socket);
  },
  (name, run) => {
    test(`security module process ${name}`, run);
  },
);

test("the socket and the master key are their owner's alone", async () => {
  const { socket } = await start(join(home, "modes"), { TILLWAY_MODULE_PARTY: "issuer" });
  assert.equal(socket, join(home, "modes", "issuer", "module.sock"));
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  assert.equal(statSync(join(home, "modes", "issuer")).mode & 0o777, 0o700);
  assert.equal(statSync(join(home, "modes", "issuer", "master.key")).mode & 0o777, 0o600);
});

test("every command is a line of the log, by its keys and its outcome, without a secret", async () => {
  const { socket, logged } = await start(join(home, "log"));
  const module = await ask(socket);
  const components = ["0123456789ABCDEFFEDCBA9876543210", "11223344556677889900AABBCCDDEEFF"];
  const made = await module.run({
    do: "import-components",
    usage: "P0",
    algorithm: "tdes",
    components,
  });
  assert.ok(made.ok);
  const pan = "6200001234567892";
  const entry = { do: "encrypt-pin", key: made.key, pin: "839174", pan, format: 0 } as const;
  await module.runAll([entry, { ...entry, pin: "1" }]);
  const found = logged();
  const lines = ["import-components done", `encrypt-pin key=P0:${made.kcv} done`];
  for (const line of [...lines, "encrypt-pin malformed"]) assert.ok(found.includes(line), line);
  for (const secret of [...components, "839174", pan, made.key]) {
    assert.equal(found.includes(secret), false);
  }
});

test("what is no protocol is cut off, and others are served on", async () => {
  const { socket, logged } = await start(join(home, "noise"));
  const module = await ask(socket);
  const noise = connect(socket);
  const cut = new Promise<void>((resolve) => noise.once("close", () => resolve()));
  noise.write(new Uint8Array([0, 0, 0, 4, 1, 2, 3, 4]));
  await cut;
  const made = await module.run({ do: "generate-key", usage: "M7", algorithm: "hmac", bytes: 32 });
  assert.equal(made.ok, true);
  assert.match(logged(), /speaks another protocol/);
});

test("keys are good again after the process was killed and started anew", async () => {
  const data = join(home, "again");
  const first = await start(data);
  const made = await (
    await ask(first.socket)
  ).run({
    do: "generate-key",
    usage: "M3",
    algorithm: "tdes",
    bytes: 16,
  });
  assert.ok(made.ok);
  first.child.kill("SIGKILL");
  await first.ended;
  assert.ok(existsSync(first.socket), "a killed process leaves its socket behind");
  const second = await start(data);
  const mac = { do: "mac", key: made.key, algorithm: "x919", data: new Uint8Array(8) } as const;
  assert.equal((await (await ask(second.socket)).run(mac)).ok, true);
});

test("a second process on the same socket is refused, and the socket goes with its process", async () => {
  const data = join(home, "twice");
  const first = await start(data);
  const second = launch(data);
  assert.equal(await second.ended, 1);
  assert.match(second.logged(), /another security module is at work there/);
  const client = await ask(first.socket);
  first.child.kill("SIGTERM");
  assert.equal(await first.ended, 0);
  assert.equal(existsSync(first.socket), false);
  const late = { do: "generate-key", usage: "M7", algorithm: "hmac", bytes: 32 } as const;
  await assert.rejects(client.run(late), /the connection is gone/);
});

test("a file in the place of the socket, and a path that is too long, are refused in one line", async () => {
  const data = join(home, "file");
  mkdirSync(join(data, "acquirer"), { recursive: true });
  writeFileSync(join(data, "acquirer", "module.sock"), "something");
  const onFile = launch(data);
  assert.equal(await onFile.ended, 1);
  assert.match(onFile.logged(), /something other than a socket is there/);
  const long = launch(join(home, "l".repeat(100)));
  assert.equal(await long.ended, 1);
  assert.equal(
    long.logged(),
    "security-module: TILLWAY_MODULE_SOCKET: must be a path of at most 103 bytes\n",
  );
});
