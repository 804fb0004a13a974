import { encode, varySpec, type Decoded, type Spec } from "@tillway/iso8583";

/**
 * The spare nibbles beside odd numbers of BCD digits, where a sender wrote the other one than the
 * table says: both are read, and only the table's is written (unionpay-pos §2.2 leaves it open). Kept
 * by field number, so that what was decoded encodes to the same bytes.
 */
export type Pads = Readonly<Record<string, "0" | "F">>;

/** The fields of a decoded message whose pad is not the table's; `bytes` are what it came from. */
export function padsOf(spec: Spec, message: Decoded, bytes: Uint8Array): Pads {
  const pads: Record<string, "0" | "F"> = {};
  let wrong = differing(spec, message, bytes);
  for (const [number, value] of Object.entries(message.fields)) {
    if (wrong === 0) break;
    const field = spec.definitions[Number(number)];
    if (field?.encoding !== "bcd" || value.length % 2 === 0) continue;
    const other = { ...pads, [number]: field.pad === "F" ? "0" : "F" } as const;
    const left = differing(withPads(spec, other), message, bytes);
    if (left >= wrong) continue;
    pads[number] = other[number] ?? "0";
    wrong = left;
  }
  return pads;
}

/** The spec with these pads. */
export function withPads(spec: Spec, pads: Pads): Spec {
  const fields = Object.entries(pads).flatMap(([number, pad]) => {
    const field = spec.definitions[Number(number)];
    return field === undefined ? [] : [[number, { ...field, pad }] as const];
  });
  if (fields.length === 0) return spec;
  return varySpec(spec, { name: spec.name, fields: Object.fromEntries(fields) });
}

/** How many bytes the message would be written otherwise. */
function differing(spec: Spec, message: Decoded, bytes: Uint8Array): number {
  const written = encode(spec, message, message.bitmap);
  const places = Math.max(written.length, bytes.length);
  return Array.from({ length: places }).filter((_, at) => written[at] !== bytes[at]).length;
}
