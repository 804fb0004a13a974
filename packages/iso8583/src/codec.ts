import { decodeCarefully, encodeCarefully } from "./careful.ts";
import { readFast } from "./fast/read.ts";
import { writeFast } from "./fast/write.ts";
import { type Decoded } from "./message.ts";
import { type FieldsOf, type Spec } from "./spec.ts";

export { type Decoded, type Message, type MessageFields } from "./message.ts";

/**
 * Reads one message (without framing). Throws MessageError, with the path and offset of what is
 * wrong; bytes after the last field are refused. `parsed` is worked out when it is looked at.
 */
export function decode(spec: Spec, bytes: Uint8Array): Decoded {
  const { fast } = spec;
  const decoded = fast === undefined ? undefined : readFast(fast, bytes);
  return decoded ?? decodeCarefully(spec, bytes);
}

/**
 * Writes one message (without framing); the bitmap follows from the fields. Throws MessageError:
 * `masked` for values that masking has made, `field` for a number that the spec does not have. `read`:
 * the bitmap that such a message came with; where its last part announces nothing, there is one again.
 */
export function encode<Field extends string>(
  spec: Spec<Field>,
  message: {
    readonly mti: string;
    readonly fields: Partial<Readonly<Record<NoInfer<Field>, string>>>;
  },
  read = "",
): Uint8Array {
  if (read !== "" && /^([0-9A-F]{16}){1,2}0{16}$/i.test(read)) {
    const bitmaps = Math.min(read.length / 16, spec.table.bits / 64);
    return encodeCarefully(spec, message, bitmaps);
  }
  const { fast } = spec;
  const bytes = fast === undefined ? undefined : writeFast(fast, message);
  return bytes ?? encodeCarefully(spec, message);
}

/** A decoded message's fields, known by the names of its spec: a field that it lacks does not compile. */
export function fieldsOf<Field extends string>(
  _spec: Spec<Field>,
  decoded: Pick<Decoded, "fields">,
): Readonly<FieldsOf<Spec<Field>>> {
  return decoded.fields as Readonly<FieldsOf<Spec<Field>>>;
}
