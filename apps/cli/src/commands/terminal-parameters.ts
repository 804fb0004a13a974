import { fromHex, toHex } from "@tillway/bytes";
import { parseTlv, toStore } from "@tillway/emv";
import { paymentCodes } from "@tillway/qr";

/** The kind of the published UnionPay terminal parameters. */
export const TERMINAL_PARAMETERS = "unionpay-terminal-params";

type Row = {
  readonly name?: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
};
type Result =
  | { readonly name: string; readonly pass: true }
  | { readonly name: string; readonly pass: false; readonly why: string };

/** Qualifiers of a terminal's transactions, first byte (EMV Contactless Book A, tag 9F66). */
const QUALIFIERS: readonly (readonly [bit: number, name: string])[] = [
  [0x80, "magstripe mode"],
  [0x20, "EMV mode"],
  [0x10, "contact chip"],
  [0x08, "offline only"],
  [0x04, "online PIN"],
  [0x02, "signature"],
];

/** Each published meaning must fit the value: a figure, a hex string, or at least its presence. */
function parametersFault(
  tlv: string,
  meanings: Readonly<Record<string, string>>,
): string | undefined {
  const values = toStore(parseTlv(fromHex(tlv)));
  for (const [tag, meaning] of Object.entries(meanings)) {
    const value = values.get(tag);
    if (!value) return `${tag} is not among the parameters`;
    const amount = /(\d+)\.(\d{2})/.exec(meaning);
    if (amount && BigInt(toHex(value)) !== BigInt(`${amount[1]}${amount[2]}`)) {
      return `${tag} is not ${amount[0]}`;
    }
    const hex = /\b([0-9A-F]{6,})$/.exec(meaning)?.[1];
    if (hex && toHex(value) !== hex) return `${tag} is not ${hex}`;
  }
  return undefined;
}

function qualifiersFault(ttq: string, meaning: string): string | undefined {
  const [first = ""] = ttq.split("/").map((one) => one.trim());
  const [byte = 0] = fromHex(first);
  const names = QUALIFIERS.filter(([bit]) => (byte & bit) !== 0).map(([, name]) => name);
  const said = `${toHex(Uint8Array.of(byte))} = ${names.join(" + ")}`;
  return said === meaning ? undefined : `the first byte says ${said}`;
}

function patternFault(regex: string): string | undefined {
  const known = paymentCodes.some(({ pattern }) => pattern.source === new RegExp(regex).source);
  return known ? undefined : "no payment code of ours has this pattern";
}

function faultOf({ inputs = {}, outputs = {} }: Row): string | undefined {
  if (inputs.tlv !== undefined) return parametersFault(inputs.tlv, outputs);
  if (inputs.ttq !== undefined) return qualifiersFault(inputs.ttq, outputs.b1 ?? "");
  if (inputs.regex !== undefined) return patternFault(inputs.regex);
  return "the vector has no inputs that are known";
}

/** Checks that what is published of UnionPay terminal parameters is what this product reads in them. */
export function runTerminalParameters(kind: string, vectors: readonly unknown[]) {
  const results = vectors.map((row, at): Result => {
    const given = (typeof row === "object" && row !== null ? row : {}) as Row;
    const name = given.name ?? `vector ${at + 1}`;
    try {
      const why = faultOf(given);
      return why === undefined ? { name, pass: true } : { name, pass: false, why };
    } catch (error) {
      return { name, pass: false, why: error instanceof Error ? error.message : "unreadable" };
    }
  });
  const passed = results.filter((result) => result.pass).length;
  return { kind, passed, failed: results.length - passed, results };
}
