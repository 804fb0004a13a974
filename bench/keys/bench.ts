/**
 * `bench keys`: what the security module costs on top of the cipher calls that an operation cannot
 * do without, in process and behind its socket.
 */
import { createCipheriv } from "node:crypto";
import { fromHex } from "../../packages/bytes/src/index.ts";
import { interleaved, loadNow, reportOf, type Job, type Measured } from "../interleaved.ts";
import { ratio, rounded, type Bench, type Settings } from "../report.ts";
import { BATCH, MAC, moduleJobs, PIN } from "./module.ts";

// Made-up keys, worth nothing.
const from = fromHex("11223344556677889900AABBCCDDEEFF");
const to = fromHex("0F1E2D3C4B5A69788796A5B4C3D2E1F0");
const block = new Uint8Array(8).fill(0x5a);

/** One block under a double-length key, as plainly as node:crypto does it. */
function bareCipher(key: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createCipheriv("des-ede", key, null);
  cipher.setAutoPadding(false);
  return cipher.update(data);
}

const bare: readonly Job[] = [
  { subject: "bare ciphers", name: MAC, run: () => bareCipher(from, bareCipher(from, block)) },
  { subject: "bare ciphers", name: PIN, run: () => bareCipher(to, bareCipher(from, block)) },
];

async function measure(
  jobs: readonly Job[],
  settings: Settings,
  close: () => Promise<void>,
): Promise<Measured> {
  try {
    return await interleaved(jobs, settings);
  } finally {
    await close();
  }
}

export const keysBench: Bench = async (settings) => {
  const before = loadNow();
  const module = await moduleJobs();
  const measured = await measure([...bare, ...module.jobs], settings, module.close);
  const cpu = measured.cpuMicros;
  // CPU time, which others at work on the machine change less than they change the rate.
  const ratios = [MAC, PIN].flatMap((name) =>
    ["in process", `in process, ${BATCH} in a batch`].map((subject) =>
      ratio(
        `${name}, ${subject}: CPU of the bare cipher calls to ours (1 / 1.5)`,
        cpu("bare ciphers", name) / cpu(subject, name),
        0.67,
      ),
    ),
  );
  const micros = (subject: string): string => `${rounded(1e6 / measured.rate(subject, PIN))} µs`;
  const own = (subject: string): string => `${rounded(cpu(subject, PIN))} µs`;
  const [single, batched] = ["over a socket", `over a socket, ${BATCH} in a batch`] as const;
  const notes = [
    "Both sides make two cipher calls; ours adds key blocks and their rules, folding, PIN block formats and the log.",
    `A PIN translation takes ${micros("in process")} in process; over a socket ${micros(single)} alone, ` +
      `${micros(batched)} in a batch of ${BATCH}, of which ${own(single)} and ${own(batched)} are the caller's CPU.`,
  ];
  return reportOf("keys", settings, before, measured, ratios, notes);
};
