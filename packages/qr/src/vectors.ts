import { toHex } from "@tillway/bytes";
import { fromBase64 } from "./base64.ts";
import { crcOf, crcOfCode } from "./crc.ts";
import { parseConsumerCode } from "./consumer.ts";
import { QrError } from "./errors.ts";
import { parseMerchantCode } from "./merchant.ts";
import { type PlacedTlv, readTlv } from "./tlv.ts";

/** One vector's result. `covered: false` marks one that the product does not compute. */
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

export const qrVectorKinds: readonly string[] = ["emv-qr"];

/**
 * Computes the outputs of published vectors from their inputs and compares. `vectors` is the list
 * of a vector file, unparsed: rows `{name, inputs, outputs}`. Inputs: `payload` (merchant-presented
 * text) → `crc`, `crcValid`; `ascii` → `crc`; `base64` → `hex`, `tlv` (pairs of tag and value, each
 * template before what it holds). A row whose output is an `error` passes when it is refused.
 */
export function runQrVectors(kind: string, vectors: unknown): VectorRun {
  const known = qrVectorKinds.includes(kind);
  const rows: readonly unknown[] = Array.isArray(vectors) ? vectors : [vectors];
  const results = rows.map((row, at): VectorResult => {
    const name =
      isRecord(row) && typeof row["name"] === "string" ? row["name"] : `vector ${at + 1}`;
    const fault = known
      ? judge(row)
      : { why: `vectors of kind ${kind} are not known`, covered: false };
    return fault === undefined ? { name, pass: true } : { name, pass: false, ...fault };
  });
  const passed = results.filter((result) => result.pass).length;
  return { kind, known, passed, failed: results.length - passed, results };
}

type Fault = { readonly why: string; readonly covered: boolean };
type Published = Readonly<Record<string, unknown>>;

function judge(row: unknown): Fault | undefined {
  if (!isRecord(row) || !isRecord(row["inputs"]) || !isRecord(row["outputs"])) {
    return { why: "the vector has no inputs or no outputs", covered: true };
  }
  const published = row["outputs"];
  if (Object.keys(published).length === 0) return { why: "nothing is published", covered: true };
  const mustRefuse = Object.hasOwn(published, "error");
  let computed: Published | undefined;
  try {
    computed = compute(row["inputs"], published);
  } catch (error) {
    if (!(error instanceof QrError)) throw error;
    return mustRefuse ? undefined : { why: `refused: ${error.message}`, covered: true };
  }
  if (computed === undefined) return { why: "no known inputs", covered: false };
  if (mustRefuse) {
    return refuses(row["inputs"]) ? undefined : { why: "not refused", covered: true };
  }
  const all = computed;
  const differing = Object.keys(published).filter((name) => !same(all[name], published[name]));
  if (differing.length === 0) return undefined;
  return { why: `another value of ${differing.join(", ")}`, covered: true };
}

/** Whether the strict reading refuses the code: by its CRC, its structure or EMVCo's tables. */
function refuses({ payload, base64 }: Published): boolean {
  try {
    // Vectors bring no table of currencies: two decimals for all.
    if (typeof payload === "string") parseMerchantCode(payload, { decimals: () => 2 });
    if (typeof base64 === "string") parseConsumerCode(base64);
    return false;
  } catch (error) {
    if (error instanceof QrError) return true;
    throw error;
  }
}

function compute(inputs: Published, published: Published): Published | undefined {
  const { payload, ascii, base64 } = inputs;
  if (typeof payload === "string") return computeCrc(payload, published["crc"]);
  if (typeof ascii === "string") return { crc: crcOf(ascii) };
  if (typeof base64 === "string") {
    const bytes = fromBase64(base64);
    return { hex: toHex(bytes), tlv: flattened(readTlv(bytes)) };
  }
  return undefined;
}

/** Where the two differ, a file may publish the CRC that the text carries or the one it should. */
function computeCrc(payload: string, published: unknown): Published {
  const crc = crcOfCode(payload);
  if (crc === undefined) {
    throw new QrError("missing", ["63"], [...payload].length, "the CRC (63) is missing");
  }
  const { carried, computed } = crc;
  return { crc: same(carried, published) ? carried : computed, crcValid: carried === computed };
}

function flattened(elements: readonly PlacedTlv[]): string[][] {
  return elements.flatMap(({ tag, value, children = [] }) => [
    [tag, toHex(value)],
    ...flattened(children),
  ]);
}

function same(computed: unknown, published: unknown): boolean {
  if (computed === undefined) return false;
  return JSON.stringify(computed).toUpperCase() === JSON.stringify(published)?.toUpperCase();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
