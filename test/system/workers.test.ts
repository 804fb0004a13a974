import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, runTillway, until } from "./installation.ts";

const cli = join(import.meta.dirname, "..", "..", "apps", "cli", "src", "main.ts");
const data = mkdtempSync(join(tmpdir(), "tillway-test-"));
const environment: Record<string, string> = {};
let system: ChildProcess;
let said = "";

before(async () => {
  const names = ["HTTP", "POS", "POS_TLS", "NETWORK", "ISSUER_HTTP", "TERMINAL"];
  for (const name of names) environment[`TILLWAY_${name}_PORT`] = String(await freePort());
  system = spawn(process.execPath, [cli, "start", "--workers", "2", "--data", data], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  system.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  system.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await until("ready", () => said.includes("\nready") || system.exitCode !== null, 60_000);
  assert.equal(system.exitCode, null, said);
});
after(async () => {
  system.kill("SIGTERM");
  await until("the system has stopped", () => system.exitCode !== null);
  rmSync(data, { recursive: true, force: true });
});

const processes = (): Record<string, number> =>
  (
    JSON.parse(readFileSync(join(data, "system.json"), "utf8")) as {
      processes: Record<string, number>;
    }
  ).processes;

async function paysAndAgrees(): Promise<void> {
  const paid = await runTillway(["pay", "--amount", "25.80", "--json", "--data", data]);
  assert.equal(paid.code, 0, paid.out + paid.err);
  const audit = await runTillway(["audit", "--json", "--data", data]);
  assert.equal(audit.code, 0, audit.out);
}

test("start --workers 2 runs two acquirers on one set of ports, and starts a lost one again", async () => {
  const { "acquirer-1": first = 0, "acquirer-2": second = 0 } = processes();
  assert.ok(first > 0 && second > 0 && first !== second);
  await paysAndAgrees();
  process.kill(first, "SIGKILL");
  await paysAndAgrees();
  await until("the lost one is back", () => (processes()["acquirer-1"] ?? first) !== first);
  assert.equal(processes()["acquirer-2"], second);
  await paysAndAgrees();
});

test("a second system does not slip into the shared ports of the first", async () => {
  const other = mkdtempSync(join(tmpdir(), "tillway-test-"));
  const tried = await runTillway(["start", "--workers", "2", "--data", other], environment);
  rmSync(other, { recursive: true, force: true });
  assert.equal(tried.code, 1);
  assert.match(tried.err, new RegExp(`port ${environment["TILLWAY_HTTP_PORT"]} .*EADDRINUSE`));
});
