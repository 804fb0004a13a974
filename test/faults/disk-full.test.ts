/** The database's disk is full: terminals are told 96, nothing is lost, and all goes on once there is room. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, runTillway, until, type Payment } from "../system/installation.ts";

const cli = join(import.meta.dirname, "..", "..", "apps", "cli", "src", "main.ts");
const data = mkdtempSync(join(tmpdir(), "tillway-test-"));
const ports: Record<string, string> = {};
let system: ChildProcess;
let said = "";

/** A small file system for the database alone needs namespaces of the kernel's. */
const namespaces = spawnSync("unshare", ["-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
const skip = namespaces.status === 0 ? false : "this machine allows no mount namespaces";

before(async () => {
  if (skip) return;
  for (const name of ["HTTP", "POS", "POS_TLS", "NETWORK", "ISSUER_HTTP", "TERMINAL"])
    ports[`TILLWAY_${name}_PORT`] = String(await freePort());
  mkdirSync(join(data, "database"), { mode: 0o700 });
  const mount = `mount -t tmpfs -o size=128m,mode=0700 tmpfs "$0" && exec "$@"`;
  const start = [process.execPath, cli, "start", "--data", data];
  system = spawn("unshare", ["-Urm", "sh", "-c", mount, join(data, "database"), ...start], {
    env: {
      ...process.env,
      ...ports,
      TILLWAY_NETWORK_REPLY_MS: "3000",
      TILLWAY_ADVICE_RETRY_MS: "200",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  system.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  system.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await until("ready", () => said.includes("\nready") || system.exitCode !== null, 60_000);
  assert.equal(system.exitCode, null, said);
});
after(async () => {
  system?.kill("SIGTERM");
  await until("the system has stopped", () => skip || system.exitCode !== null);
  rmSync(data, { recursive: true, force: true });
});

async function pay(): Promise<Payment> {
  const pairing = readFileSync(join(data, "terminal", "pairing-code"), "utf8").trim();
  const terminal = `http://127.0.0.1:${ports["TILLWAY_TERMINAL_PORT"]}/terminals/10000001`;
  const answer = await fetch(`${terminal}/transactions`, {
    method: "POST",
    headers: { authorization: `Bearer ${pairing}`, "content-type": "application/json" },
    body: JSON.stringify({
      type: "sale",
      amount: "100",
      currency: "CNY",
      entry: "chip",
      card: "unionpay-debit",
      pin: "123456",
    }),
  });
  return (await answer.json()) as Payment;
}

/** The folder as the system sees it: the file system is mounted for it alone. */
const balloon = (): string => `/proc/${system.pid}/root${data}/database/balloon`;

/** Takes all the room that there is. */
function fill(): void {
  const file = openSync(balloon(), "w");
  const block = Buffer.alloc(4096, 1);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error && error.code === "ENOSPC", String(error));
  } finally {
    closeSync(file);
  }
}

test(
  "a full disk is 96 at the terminal; once there is room payments are approved and the books agree",
  { skip },
  async () => {
    assert.equal((await pay()).outcome, "approved");
    fill();
    await until(
      "the acquirer says that it cannot write",
      async () => {
        return (await pay()).responseCode === "96";
      },
      40_000,
    );
    rmSync(balloon());
    await until("approved again", async () => (await pay()).outcome === "approved", 40_000);
    await until(
      "the books agree",
      async () => (await runTillway(["audit", "--data", data])).code === 0,
      40_000,
    );
    assert.ok(!said.includes("ended by itself"), `nothing died of it: ${said}`);
  },
);
