/** The end of a batch at the desk: settlement, upload, end (spec unionpay-pos §2.5), sign-off. */
import { maskPan } from "@tillway/money";
import {
  readTotals,
  readUpload,
  settlementResults,
  withResult,
  type BatchKey,
  type ChipRecord,
} from "../settlement/index.ts";
import type { Terminal } from "../terminals/index.ts";
import {
  answer,
  clockFields,
  keptOf,
  refuse,
  type DeskAnswer,
  type DeskOptions,
  type Read,
} from "./counter.ts";
import { refusalFor } from "./refusals.ts";

/** DE 60.2 names the batch, which may be one that was closed a moment ago. */
function batchOf(terminal: Terminal, read: Read): BatchKey {
  return {
    bucket: terminal.merchant.bucket,
    merchant: terminal.merchant.mid,
    terminal: terminal.tid,
    batch: read.message.fields["60"]?.slice(2, 8) ?? "",
  };
}

/** The messages of this desk, by the names of their rules. */
export const batchKinds = [
  "settlement",
  "batch upload",
  "chip batch upload",
  "failed chip batch upload",
  "offline chip batch upload",
  "batch end",
  "sign-off",
] as const;
export type BatchKind = (typeof batchKinds)[number];

export const isBatchKind = (kind: string | undefined): kind is BatchKind =>
  batchKinds.some((one) => one === kind);

/** Known sender: a message about a batch. */
export function batchMessage(
  options: DeskOptions,
  read: Read,
  kind: BatchKind,
): Promise<DeskAnswer> {
  const { terminal } = read;
  if (!terminal) return refuse(options, read, refusalFor("unknown-terminal"));
  switch (kind) {
    case "settlement":
      return settlement(options, read, terminal);
    case "batch upload":
      return upload(options, read, terminal);
    case "chip batch upload":
      return chipUpload(options, read, terminal, "chip");
    case "failed chip batch upload":
      return chipUpload(options, read, terminal, "failed-chip");
    case "offline chip batch upload":
      return chipUpload(options, read, terminal, "offline-chip");
    case "batch end":
      return end(options, read, terminal);
    case "sign-off":
      return signOff(options, read, terminal);
  }
}

async function settlement(
  options: DeskOptions,
  read: Read,
  terminal: Terminal,
): Promise<DeskAnswer> {
  const text = read.message.fields["48"] ?? "";
  const told = readTotals(text);
  if (!told) return refuse(options, read, refusalFor("malformed"));
  const key = batchOf(terminal, read);
  const result = await options.batches.settle(key, told, options.clock.now());
  await options.terminals.find(terminal.tid, true);
  const { "13": date, "12": time } = clockFields(options);
  // The reply tells its result in DE 48 and has no DE 39.
  const own = { "12": time, "13": date, "15": date };
  const digit = result ?? settlementResults.refused;
  return answer(options, read, { ...own, "48": withResult(text, digit) });
}

async function upload(options: DeskOptions, read: Read, terminal: Terminal): Promise<DeskAnswer> {
  const records = readUpload(read.message.fields["48"] ?? "");
  if (!records) return refuse(options, read, refusalFor("malformed"));
  const kept = records.map(({ trace, pan, amount }) => ({
    trace,
    maskedPan: maskPan(pan),
    amount,
  }));
  const done = await options.batches.upload(batchOf(terminal, read), kept, options.clock.now());
  if (!done) return refuse(options, read, refusalFor("wrong-batch"));
  return answer(options, read, clockFields(options));
}

async function chipUpload(
  options: DeskOptions,
  read: Read,
  terminal: Terminal,
  kind: ChipRecord["kind"],
): Promise<DeskAnswer> {
  const trace = read.message.fields["11"] ?? "";
  const record = { kind, trace, message: keptOf(read.message) };
  const key = batchOf(terminal, read);
  const done = await options.batches.uploadChip(key, record, options.clock.now());
  if (!done) return refuse(options, read, refusalFor("wrong-batch"));
  return answer(options, read, clockFields(options));
}

async function end(options: DeskOptions, read: Read, terminal: Terminal): Promise<DeskAnswer> {
  const { "48": count = "", "60": code = "" } = read.message.fields;
  if (!/^\d{4}$/.test(count)) return refuse(options, read, refusalFor("malformed"));
  const told = { count: Number.parseInt(count, 10), balanced: code.slice(8, 11) === "207" };
  const done = await options.batches.end(batchOf(terminal, read), told, options.clock.now());
  if (!done) return refuse(options, read, refusalFor("wrong-batch"));
  await options.terminals.find(terminal.tid, true);
  return answer(options, read, { ...clockFields(options), "48": count });
}

/** The working keys are gone: the next payment needs a sign-in. */
async function signOff(options: DeskOptions, read: Read, terminal: Terminal): Promise<DeskAnswer> {
  await options.terminals.signOff(terminal);
  return answer(options, read, { ...clockFields(options), "39": "00" }, true);
}
