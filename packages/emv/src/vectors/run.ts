/** Published EMV vectors, computed by this package; the shape is that of `@tillway/keys`. */
import type { VectorResult, VectorRun } from "@tillway/keys";
import { isRecord } from "../transcripts/recording.ts";
import { computeAuthentication, computeCaKey } from "./authentication.ts";
import type { Computed } from "./authentication.ts";
import { evidenceIn, proveKey, readClaim } from "./known-keys.ts";
import type { Evidence } from "../transcripts/prove.ts";

/** `notCompared`: what is published and could not be tried, for want of data. */
export type EmvVectorResult = VectorResult & { readonly notCompared?: readonly string[] };
export type EmvVectorRun = Omit<VectorRun, "results"> & {
  readonly results: readonly EmvVectorResult[];
};

/** Kinds of published vectors that `runEmvVectors` computes. */
export const emvVectorKinds: readonly string[] = ["emv-oda", "emv-capk", "emv-known-test-keys"];

type Row = {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
};

/** `why` of a failure; `withoutData` of a success that could not be tried whole. */
type Verdict = {
  readonly why?: string;
  readonly covered?: boolean;
  readonly withoutData?: readonly string[];
};

/**
 * Computes the outputs of published vectors from their inputs and compares. `vectors` is the list
 * of a vector file, unparsed: rows `{name, inputs, outputs}`. A row whose output is an `error`, or a
 * flag that is false, passes when it is refused. `transcripts` are rows of transcript files: their
 * cryptograms prove issuers' test keys beside those that this package knows. Never throws.
 */
export function runEmvVectors(
  kind: string,
  vectors: unknown,
  given: { readonly transcripts?: unknown } = {},
): EmvVectorRun {
  const known = emvVectorKinds.includes(kind);
  const evidence = known ? evidenceIn(given.transcripts) : [];
  const rows: readonly unknown[] = Array.isArray(vectors) ? vectors : [vectors];
  const results = rows.map((row, at): EmvVectorResult => {
    const named = isRecord(row) && typeof row["name"] === "string" ? row["name"] : undefined;
    return result(named ?? `vector ${at + 1}`, judge(kind, known, row, evidence));
  });
  const passed = results.filter(({ pass }) => pass).length;
  return { kind, known, passed, failed: results.length - passed, results };
}

function result(name: string, { why, covered = true, withoutData }: Verdict): EmvVectorResult {
  const partly = withoutData === undefined || withoutData.length === 0;
  const more = partly ? {} : { notCompared: withoutData };
  return why === undefined
    ? { name, pass: true, ...more }
    : { name, pass: false, why, covered, ...more };
}

function judge(kind: string, known: boolean, row: unknown, evidence: readonly Evidence[]): Verdict {
  if (!known) return { why: `vectors of kind ${kind} are not known`, covered: false };
  if (!isRecord(row) || !isRecord(row["inputs"]) || !isRecord(row["outputs"])) {
    return { why: "the vector has no inputs or no outputs" };
  }
  const parts: Row = { inputs: row["inputs"], outputs: row["outputs"] };
  if (kind === "emv-known-test-keys") return judgeKey(parts, evidence);
  const computed =
    kind === "emv-capk" ? computeCaKey(parts.inputs) : computeAuthentication(parts.inputs);
  return compare(computed, parts.outputs);
}

function judgeKey({ inputs, outputs }: Row, evidence: readonly Evidence[]): Verdict {
  const claim = readClaim(inputs, outputs);
  if (typeof claim === "string") return { why: claim };
  const { proven, refuted, withoutData } = proveKey(claim, evidence);
  if (refuted.length > 0) return { why: `another cryptogram than ${refuted.join(", ")}` };
  if (proven.length === 0) return { why: "none of the cryptograms is at hand", covered: false };
  return { withoutData };
}

/** Published texts about a vector, not outputs of it. */
const REMARKS = ["notes", "sha1Origin"];

function compare(computed: Computed, outputs: Row["outputs"]): Verdict {
  const published = Object.entries(outputs).filter(([name]) => !REMARKS.includes(name));
  if (published.length === 0) return { why: "nothing is published" };
  const mustRefuse = published.some(([name, value]) => name === "error" || value === false);
  switch (computed.is) {
    case "unreadable":
      return { why: computed.why };
    case "refused":
      return mustRefuse ? {} : { why: `refused: ${computed.why}` };
    case "values": {
      if (mustRefuse) return { why: "not refused" };
      const differing = published.flatMap(([name, value]) =>
        value === true || same(computed.values[name], value) ? [] : [name],
      );
      return differing.length === 0 ? {} : { why: `another value of ${differing.join(", ")}` };
    }
  }
}

function same(computed: string | undefined, published: unknown): boolean {
  return typeof published === "string" && computed?.toUpperCase() === published.toUpperCase();
}
