/** Our own codec as a subject: answers `run WHAT MESSAGE MILLISECONDS` lines (bench/README.md). */
import { createInterface } from "node:readline";
import { toHex } from "@tillway/bytes";
import { decode, encode } from "@tillway/iso8583";
import { messages, type BenchMessage } from "./messages.ts";

type Prepared = BenchMessage & { readonly bytes: Uint8Array };

const prepared = new Map<string, Prepared>();
for (const one of messages) {
  prepared.set(one.name, { ...one, bytes: encode(one.spec, one) });
}

for (const one of prepared.values()) {
  const decoded = decode(one.spec, one.bytes);
  for (const [number, value] of Object.entries(one.fields)) {
    if (decoded.fields[number] !== value) throw new Error(`field ${number} is read differently`);
  }
  if (toHex(encode(one.spec, decoded)) !== toHex(one.bytes)) throw new Error("other bytes");
}

/** What is measured goes here, so that nothing of it can be left out. */
let sink: unknown;

function read({ spec, bytes }: Prepared): void {
  sink = decode(spec, bytes);
}

/** Builds the message anew, as a program does, and encodes it. */
function write({ spec, mti, fields }: Prepared): void {
  sink = encode(spec, { mti, fields: { ...fields } });
}

function readAndWrite({ spec, bytes }: Prepared): void {
  sink = encode(spec, decode(spec, bytes));
}

/** Nanoseconds of processor time of this thread. */
function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}

function measure(operation: (one: Prepared) => void, one: Prepared, limit: number): string {
  let count = 0;
  const began = cpuTime();
  for (;;) {
    for (let turn = 0; turn < 200; turn += 1) operation(one);
    count += 200;
    const passed = cpuTime() - began;
    if (passed >= limit) return `${count} ${passed}`;
  }
}

const operations: Readonly<Record<string, (one: Prepared) => void>> = {
  decode: read,
  encode: write,
  both: readAndWrite,
};

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [, what = "", name = "", limit = ""] = line.split(" ");
  const one = prepared.get(name);
  const operation = operations[what];
  if (one === undefined || operation === undefined) throw new Error(`no ${what} of ${name}`);
  console.log(measure(operation, one, Number(limit) * 1e6));
}
if (sink === undefined) process.exitCode = 1;
