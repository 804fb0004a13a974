import { computeKcv, computeKeyBlock, computeMac, computePvv, computeUnionpay } from "./basics.ts";
import { computeAesDukpt, computeTdesDukpt } from "./dukpt.ts";
import { computeCryptogram, computeDerivation, computeScheme } from "./emv.ts";
import { computeCvv, computeIbm3624 } from "./issuing.ts";
import { computeNational } from "./national.ts";
import {
  type Computed,
  type Inputs,
  isTexts,
  type Output,
  readInputs,
  VectorError,
  WrongInput,
} from "./inputs.ts";
import { computeKnownTestKey } from "./known-keys.ts";
import { computePinBlock } from "./pin-blocks.ts";

/** One vector's result. `covered: false` marks one that the product does not compute yet. */
export type VectorResult =
  | { readonly name: string; readonly pass: true }
  | {
      readonly name: string;
      readonly pass: false;
      readonly why: string;
      readonly covered: boolean;
    };

/** What a file of vectors came to; `known: false` where this package knows nothing of the kind. */
export type VectorRun = {
  readonly kind: string;
  readonly known: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly VectorResult[];
};

const computations: Readonly<Record<string, (inputs: Inputs, published: Inputs) => Computed>> = {
  "unionpay-crypto": computeUnionpay,
  pvv: computePvv,
  kcv: computeKcv,
  mac: computeMac,
  "pin-block": computePinBlock,
  tr31: computeKeyBlock,
  "emv-key-derivation": computeDerivation,
  "emv-cryptogram": computeCryptogram,
  "emv-scheme-cvn": computeScheme,
  "dukpt-tdes": computeTdesDukpt,
  "dukpt-aes": computeAesDukpt,
  cvv: computeCvv,
  ibm3624: computeIbm3624,
  "sm2-sm3-sm4": computeNational,
  "emv-known-test-keys": computeKnownTestKey,
};

/** Kinds of published vectors that `runVectors` computes. */
export const vectorKinds: readonly string[] = Object.keys(computations);

/**
 * Computes the outputs of published vectors from their inputs and compares. `vectors` is the list
 * of a vector file, unparsed: rows `{name, inputs, outputs}`. A row that cannot be read, or that is
 * not covered, fails with its reason; a row whose output is an `error` passes when it is refused.
 */
export function runVectors(kind: string, vectors: unknown): VectorRun {
  const compute = Object.hasOwn(computations, kind) ? computations[kind] : undefined;
  const rows: readonly unknown[] = Array.isArray(vectors) ? vectors : [vectors];
  const results = rows.map((row, at): VectorResult => {
    const name =
      isRecord(row) && typeof row["name"] === "string" ? row["name"] : `vector ${at + 1}`;
    const judged =
      compute === undefined
        ? { why: `vectors of kind ${kind} are not known`, covered: false }
        : judge(row, compute);
    return judged === undefined ? { name, pass: true } : { name, pass: false, ...judged };
  });
  const passed = results.filter((result) => result.pass).length;
  const known = compute !== undefined;
  return { kind, known, passed, failed: results.length - passed, results };
}

type Fault = { readonly why: string; readonly covered: boolean };

function judge(
  row: unknown,
  compute: (inputs: Inputs, published: Inputs) => Computed,
): Fault | undefined {
  if (!isRecord(row) || !isRecord(row["inputs"]) || !isRecord(row["outputs"])) {
    return { why: "the vector has no inputs or no outputs", covered: true };
  }
  const published = row["outputs"];
  if (Object.keys(published).length === 0) return { why: "nothing is published", covered: true };
  let computed: Computed;
  try {
    computed = compute(readInputs(row["inputs"]), readInputs(published));
  } catch (error) {
    if (error instanceof WrongInput && Object.hasOwn(published, "error")) return undefined;
    if (error instanceof VectorError) return { why: error.message, covered: true };
    // What a primitive will not take at all counts as refused.
    if (error instanceof RangeError) computed = { is: "refused" };
    else throw error;
  }
  return compare(computed, published);
}

function compare(
  computed: Computed,
  published: Readonly<Record<string, unknown>>,
): Fault | undefined {
  const mustRefuse = Object.hasOwn(published, "error");
  switch (computed.is) {
    case "not-covered":
      return { why: `not covered: ${computed.what}`, covered: false };
    case "refused":
      return mustRefuse ? undefined : { why: "refused", covered: true };
    case "outputs": {
      if (mustRefuse) return { why: "not refused", covered: true };
      const differing = Object.keys(published).filter(
        (name) => !same(computed.outputs[name], published[name]),
      );
      if (differing.length === 0) return undefined;
      return { why: `another value of ${differing.join(", ")}`, covered: true };
    }
  }
}

function same(computed: Output | undefined, published: unknown): boolean {
  if (isTexts(computed) && isTexts(published)) {
    const [one, other] = [computed, published];
    return one.length === other.length && one.every((text, at) => text === other[at]);
  }
  if (typeof computed === "string" && typeof published === "string") {
    return computed.toUpperCase() === published.toUpperCase();
  }
  return computed !== undefined && computed === published;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
