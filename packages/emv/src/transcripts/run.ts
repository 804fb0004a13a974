/** Recorded transactions played to the kernel: which published outputs it reproduces. */
import { CONTACTLESS_TRANSCRIPTS, runContactlessTranscripts } from "../contactless/index.ts";
import { parseTransactionInput } from "../kernel/transaction.ts";
import { transactionOf } from "./guess.ts";
import { observe } from "./observe.ts";
import { playBest } from "./play.ts";
import { isRecord, readRecording } from "./recording.ts";
import { readRecorded } from "./terminal.ts";

/** One transcript's result. `covered: false` marks one with nothing for this kernel to reproduce. */
export type TranscriptResult = {
  readonly name: string;
  /** Names of the published outputs that came out the same. */
  readonly reproduced: readonly string[];
  /** Published notes and names that are not compared. */
  readonly notCompared: readonly string[];
  /** How the kernel ended: approved, declined or terminated. */
  readonly outcome?: string;
} & (
  | { readonly pass: true }
  | { readonly pass: false; readonly why: string; readonly covered: boolean }
);

/** What a file of transcripts came to; the shape is that of `runVectors` of `@tillway/keys`. */
export type TranscriptRun = {
  readonly kind: string;
  readonly known: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly TranscriptResult[];
};

/** Kinds of recordings that `runTranscripts` plays. */
export const transcriptKinds: readonly string[] = [
  "emv-contact-transcripts",
  CONTACTLESS_TRANSCRIPTS,
];

/** Published texts about a transcript, not outputs of it. */
const REMARKS = ["notes", "see", "sessionKeyDerivation", "cryptogramVersion"];

/**
 * Plays recorded cards to the kernel (contactless ones to their reader), with the date, numbers and terminal data of the recording
 * where they are in it. `vectors` is the list of a vector file, unparsed: rows
 * `{name, inputs: {apdus: [{c, r}]}, outputs}`. A row passes when every published output that can
 * be compared is reproduced; one that publishes none, when its commands and answers can be read.
 * Never throws on what it reads.
 */
export function runTranscripts(kind: string, vectors: unknown): TranscriptRun {
  if (kind === CONTACTLESS_TRANSCRIPTS) return runContactlessTranscripts(vectors);
  const known = transcriptKinds.includes(kind);
  const rows: readonly unknown[] = Array.isArray(vectors) ? vectors : [vectors];
  const results = rows.map((row, at): TranscriptResult => {
    const named = isRecord(row) && typeof row["name"] === "string" ? row["name"] : undefined;
    const name = named ?? `transcript ${at + 1}`;
    if (!known) return unable(name, `transcripts of kind ${kind} are not known`, false);
    return judge(name, row);
  });
  const passed = results.filter((result) => result.pass).length;
  return { kind, known, passed, failed: results.length - passed, results };
}

function unable(name: string, why: string, covered: boolean): TranscriptResult {
  return { name, pass: false, why, covered, reproduced: [], notCompared: [] };
}

function judge(name: string, row: unknown): TranscriptResult {
  if (!isRecord(row) || !isRecord(row["inputs"]) || !isRecord(row["outputs"])) {
    return unable(name, "the transcript has no inputs or no outputs", true);
  }
  const published = row["outputs"];
  const recording = readRecording(row["inputs"]);
  if (typeof recording === "string") return unable(name, recording, true);
  const comparable = Object.keys(published).filter((key) => !REMARKS.includes(key));
  // Nothing to compare: that every command and answer could be read is all there is to show.
  if (comparable.length === 0) {
    return { name, pass: true, reproduced: [], notCompared: Object.keys(published) };
  }
  const recorded = readRecorded(recording);
  if (recorded === undefined) {
    return unable(name, "not covered: no application is selected and started", false);
  }
  const told = parseTransactionInput(transactionOf(recording, recorded));
  if (!told.ok)
    return unable(name, `the record's terminal data: ${told.problems.join("; ")}`, true);
  const played = playBest(recording, recorded);
  const observed = observe(recording, recorded, played, published);
  const reproduced = comparable.filter((key) => same(observed.get(key), published[key]));
  const differing = comparable.filter((key) => !reproduced.includes(key));
  const result = {
    name,
    reproduced,
    notCompared: Object.keys(published).filter((key) => REMARKS.includes(key)),
    outcome: played.outcome.result,
  };
  if (differing.length === 0) return { ...result, pass: true };
  return { ...result, pass: false, why: `not reproduced: ${differing.join(", ")}`, covered: true };
}

/** Texts regardless of case; a text cut short by its publisher is compared as far as it goes. */
function same(observed: string | boolean | undefined, published: unknown): boolean {
  if (typeof published !== "string") return observed !== undefined && observed === published;
  if (typeof observed !== "string") return false;
  const text = published.toUpperCase();
  if (text.endsWith("…")) return observed.toUpperCase().startsWith(text.slice(0, -1));
  // A key may be followed by words about it.
  return observed.toUpperCase() === text || text.startsWith(`${observed.toUpperCase()} `);
}
