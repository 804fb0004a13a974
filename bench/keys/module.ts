/** The security module in process and behind its socket, the same commands, singly and in batches. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fromHex } from "../../packages/bytes/src/index.ts";
import {
  type CommandOf,
  createSoftwareModule,
  gatherCommands,
  type SecurityModule,
} from "../../packages/keys/src/index.ts";
import { openModuleLink } from "../../packages/link/src/index.ts";
import type { Job } from "../interleaved.ts";

export const BATCH = 64;
export const MAC = "UnionPay MAC, 250 bytes";
export const PIN = "PIN translation, format 0";
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const pan = "6200001234567892";

const clock = {
  now: () => Date.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Jobs on both forms of the module; both log their commands, to nowhere. */
export async function moduleJobs(): Promise<{
  readonly jobs: readonly Job[];
  readonly close: () => Promise<void>;
}> {
  const masterKey = random(32);
  const onCommand = gatherCommands(() => undefined);
  const near = createSoftwareModule({ masterKey, random, onCommand });
  const far = await startProcess();
  return {
    jobs: [...(await jobsOf("in process", near)), ...(await jobsOf("over a socket", far.module))],
    close: far.close,
  };
}

async function jobsOf(where: string, module: SecurityModule): Promise<Job[]> {
  const commands = { [MAC]: await macOf(module), [PIN]: await translation(module) };
  return Object.entries(commands).flatMap(([name, command]) => {
    const batch = Array.from({ length: BATCH }, () => command);
    return [
      { subject: where, name, run: async () => approve([await module.run(command)]) },
      {
        subject: `${where}, ${BATCH} in a batch`,
        name,
        run: async () => approve(await module.runAll(batch)),
        operations: BATCH,
      },
    ];
  });
}

function approve(answers: readonly { readonly ok: boolean }[]): void {
  if (!answers.every(({ ok }) => ok)) throw new Error("the module refused");
}

/** The MAC of a message under a MAC key of the module. */
async function macOf(module: SecurityModule): Promise<CommandOf<"mac">> {
  const made = await module.run({ do: "generate-key", usage: "M3", algorithm: "tdes", bytes: 16 });
  const data = new Uint8Array(250).fill(0x5a);
  return { do: "mac", key: made.ok ? made.key : "", algorithm: "unionpay-ecb", data };
}

/** A translation between two PIN keys of the module, of a block under the first. */
async function translation(module: SecurityModule): Promise<CommandOf<"translate-pin">> {
  const made = await module.runAll([
    { do: "generate-key", usage: "P0", algorithm: "tdes", bytes: 16 },
    { do: "generate-key", usage: "P0", algorithm: "tdes", bytes: 16 },
  ]);
  const [from, to] = made.map((one) => (one.ok ? one.key : ""));
  const key = { from: from ?? "", to: to ?? "" };
  const entry = { do: "encrypt-pin", key: key.from, pin: "123456", pan, format: 0 } as const;
  const entered = await module.run(entry);
  const block = entered.ok ? entered.block : fromHex("");
  return { do: "translate-pin", ...key, block, pan, fromFormat: 0, toFormat: 0 };
}

/** A security module's process, as `start` runs it but without a log file. */
async function startProcess(): Promise<{
  readonly module: SecurityModule;
  readonly close: () => Promise<void>;
}> {
  const data = mkdtempSync(join(tmpdir(), "tillway-bench-"));
  const main = join(import.meta.dirname, "../../apps/security-module/src/main.ts");
  const child = spawn(process.execPath, [main, "--with-parent"], {
    env: { ...process.env, TILLWAY_DATA: data, TILLWAY_LOG: "info" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    void ended.then(() => reject(new Error("the security module's process did not start")));
  });
  const { socket } = JSON.parse(line) as { socket: string };
  const link = openModuleLink({ connect: () => connect(socket), clock });
  return {
    module: link,
    close: async () => {
      link.close();
      child.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
