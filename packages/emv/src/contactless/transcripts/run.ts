/** Published contactless transcripts: what of them the reader reproduces. */
import { publishedCaKeys } from "../../oda/ca-keys.ts";
import type { TranscriptResult, TranscriptRun } from "../../transcripts/run.ts";
import { compareOutputs } from "./outputs.ts";
import { hexOf, readRecording, readTranscript, recordIn, textIn } from "./read.ts";
import type { Recording, Transcript } from "./read.ts";
import { replay } from "./replay.ts";
import type { Replay } from "./replay.ts";
import { configurationOf, transactionOf } from "./terminal.ts";
import type { PublicKeyRow } from "./terminal.ts";

/** The kind of vector file that `runContactlessTranscripts` reads. */
export const CONTACTLESS_TRANSCRIPTS = "emv-contactless-transcripts";

/**
 * Plays each recorded card to the reader, with the recorded date, number and terminal data, and
 * compares what is published of application, data authentication, cryptogram and outcome.
 * `vectors` is the list of a vector file, unparsed. Never throws on data.
 */
export function runContactlessTranscripts(vectors: unknown): TranscriptRun {
  const rows: readonly unknown[] = Array.isArray(vectors) ? vectors : [vectors];
  const results = rows.map((row, at) => judge(textIn(row, "name") ?? `transcript ${at + 1}`, row));
  const passed = results.filter((result) => result.pass).length;
  return {
    kind: CONTACTLESS_TRANSCRIPTS,
    known: true,
    passed,
    failed: results.length - passed,
    results,
  };
}

function unable(name: string, why: string, covered: boolean): TranscriptResult {
  return { name, pass: false, why, covered, reproduced: [], notCompared: [] };
}

function judge(name: string, row: unknown): TranscriptResult {
  const transcript = readTranscript(row);
  if (typeof transcript === "string") return unable(name, transcript, true);
  const recording = readRecording(transcript);
  const played = play(transcript, recording);
  if (played === undefined) {
    return unable(name, "not covered: no kernel for this application", false);
  }
  const { reproduced, differing, notCompared } = compareOutputs(transcript, recording, played);
  const { outcome, matches } = played;
  const result = { name, reproduced, notCompared, outcome: outcome.outcome };
  const missing = matches.indexOf("missing");
  const why =
    missing >= 0
      ? `command ${missing + 1} was not recorded`
      : outcome.result === "terminated"
        ? `terminated: ${outcome.reason ?? "no reason"}`
        : differing.length > 0
          ? `not reproduced: ${differing.join(", ")}`
          : undefined;
  if (why !== undefined) return { ...result, pass: false, why, covered: true };
  // Where only remarks are published, that the card could be played is all there is to show.
  return { ...result, pass: true };
}

/** A transcript played with the authority's key it brings or, of several published ones, the fitting. */
export function playTranscript(transcript: Transcript): Replay | undefined {
  return play(transcript, readRecording(transcript));
}

function play(transcript: Transcript, recording: Recording): Replay | undefined {
  const transaction = transactionOf(transcript, recording);
  let played: Replay | undefined;
  for (const key of keysFor(transcript, recording)) {
    const configuration = configurationOf(recording, key === undefined ? [] : [key]);
    if (configuration === undefined) return undefined;
    played = replay(configuration, transaction, transcript.apdus);
    if (played.outcome.authentication.result === "passed") return played;
  }
  return played;
}

/** Test keys share indexes: every key the card may mean, the transcript's own first. */
function keysFor(transcript: Transcript, { card }: Recording): (PublicKeyRow | undefined)[] {
  const own = recordIn(transcript.inputs, "caPublicKey");
  const [rid, index, modulus, exponent] = ["rid", "index", "modulus", "exponent"].map((name) =>
    textIn(own, name)?.toUpperCase(),
  );
  const brought = rid && index && modulus && exponent ? [{ rid, index, modulus, exponent }] : [];
  const name = hexOf(card, "84").slice(0, 10) + hexOf(card, "8F");
  const known = publishedCaKeys().filter(
    (entry) => entry.kind !== "live" && entry.rid + entry.index === name,
  );
  const keys = [...brought, ...known];
  return keys.length > 0 ? keys : [undefined];
}
