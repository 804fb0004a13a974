/** Issuer test keys: proven by the cryptograms of published transcripts that come out of them. */
import { fromHex } from "@tillway/bytes";
import known from "../../data/known-cryptograms.json" with { type: "json" };
import { evidenceOf } from "../transcripts/evidence.ts";
import { recompute } from "../transcripts/prove.ts";
import type { Evidence } from "../transcripts/prove.ts";
import { isRecord, readRecording } from "../transcripts/recording.ts";
import { readRecorded } from "../transcripts/terminal.ts";

/** A published claim: these cryptograms are made with this key. */
export type KeyClaim = { readonly masterKey: string; readonly cryptograms: readonly string[] };

export type ProvenClaim = {
  readonly proven: readonly string[];
  /** The transaction is at hand, and another cryptogram comes out. */
  readonly refuted: readonly string[];
  /** No transaction at hand has it. */
  readonly withoutData: readonly string[];
};

type Known = Evidence & { readonly cryptogram?: string };

/** Covered data of the published transcripts that this package knows by heart. */
function knownEvidence(): readonly Known[] {
  return known.map(({ cryptogram, pan, psn, values }) => ({
    cryptogram,
    pan,
    psn,
    values: new Map(Object.entries(values).map(([tag, value]) => [tag, fromHex(value)])),
  }));
}

/** The same out of rows of transcript vectors; what cannot be read gives nothing. */
export function evidenceIn(transcripts: unknown): readonly Evidence[] {
  const rows: readonly unknown[] = Array.isArray(transcripts) ? transcripts : [];
  return rows.flatMap((row) => {
    const inputs = isRecord(row) ? row["inputs"] : undefined;
    const recording = isRecord(inputs) ? readRecording(inputs) : "no inputs";
    const recorded = typeof recording === "string" ? undefined : readRecorded(recording);
    return recorded === undefined ? [] : evidenceOf(recorded);
  });
}

export function proveKey(claim: KeyClaim, given: readonly Evidence[]): ProvenClaim {
  const evidence: readonly Known[] = [...knownEvidence(), ...given];
  const made = new Set(evidence.flatMap((entry) => recompute(claim.masterKey, entry)));
  const { cryptograms } = claim;
  const recorded = new Set(evidence.flatMap(({ cryptogram = "" }) => [cryptogram]));
  const unproven = cryptograms.filter((cryptogram) => !made.has(cryptogram));
  return {
    proven: cryptograms.filter((cryptogram) => made.has(cryptogram)),
    refuted: unproven.filter((cryptogram) => recorded.has(cryptogram)),
    withoutData: unproven.filter((cryptogram) => !recorded.has(cryptogram)),
  };
}

/** The inputs and outputs of a vector as a claim, or what is wrong with them. */
export function readClaim(
  inputs: Readonly<Record<string, unknown>>,
  outputs: Readonly<Record<string, unknown>>,
): KeyClaim | string {
  const { imkAc } = inputs;
  const { matches } = outputs;
  if (typeof imkAc !== "string" || !/^[0-9A-F]{32}$/i.test(imkAc)) return "imkAc: 16 bytes in hex";
  const listed = Array.isArray(matches) ? matches : [];
  // "48325309BE82CBA2 (card and version)", several of them joined by words or commas.
  const cryptograms = listed.flatMap((text: unknown) =>
    typeof text === "string" ? (text.split("(")[0]?.match(/\b[0-9A-F]{16}\b/g) ?? []) : [],
  );
  if (cryptograms.length === 0) return "matches: cryptograms of 16 hex digits";
  return { masterKey: imkAc.toUpperCase(), cryptograms };
}
