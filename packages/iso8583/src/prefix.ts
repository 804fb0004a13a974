import { type Input, type Output } from "./buffer.ts";
import { charsets } from "./charsets.ts";
import { MessageError } from "./errors.ts";
import { type FieldDefinition, type Prefix } from "./table.ts";

/** The length before a variable field. */

/** Reads it and moves on; returns digits, characters or bytes of content. */
export function readPrefix(
  path: string,
  field: FieldDefinition,
  prefix: Prefix,
  input: Input,
): number {
  const from = input.at;
  const size = prefixSize(prefix);
  if (from + size > input.bytes.length) {
    throw new MessageError("short", [path], from, "the message ends inside this field's length");
  }
  let count = 0;
  for (let at = from; at < from + size; at += 1) {
    const byte = input.bytes[at] ?? 0;
    if (prefix.encoding === "binary") count = count * 256 + byte;
    else if (prefix.encoding === "bcd") {
      if (byte >> 4 > 9 || (byte & 15) > 9) throw badLength(path, at);
      count = count * 100 + (byte >> 4) * 10 + (byte & 15);
    } else {
      const code = charsets[prefix.encoding].characters[byte] ?? 0;
      if (code < 0x30 || code > 0x39) throw badLength(path, at);
      count = count * 10 + code - 0x30;
    }
  }
  const units =
    prefix.unit === "bytes" ? unitsOf(path, field, input.bytes, from + size, count) : count;
  if (units > field.length) {
    const text = `the length is over the limit of ${field.length}`;
    throw new MessageError("length", [path], from, text);
  }
  input.at = from + size;
  return units;
}

function badLength(path: string, at: number): MessageError {
  return new MessageError("length", [path], at, "the length is not a decimal number");
}

export function prefixSize(prefix: Prefix): number {
  return prefix.encoding === "bcd" ? (prefix.digits + 1) >> 1 : prefix.digits;
}

/** Units in so many bytes on the wire. An odd number of digits shows by a spare nibble F. */
function unitsOf(
  path: string,
  field: FieldDefinition,
  bytes: Uint8Array,
  from: number,
  size: number,
): number {
  if (field.encoding === "hex") {
    if (size % 2 === 1) throw new MessageError("length", [path], from, "half a byte in hex");
    return size / 2;
  }
  if (field.encoding !== "bcd" || size === 0) return size;
  if (field.content === "xn") return size * 2 - 1;
  const left = (field.justify ?? "left") === "left";
  const spare = left ? (bytes[from + size - 1] ?? 0) & 15 : (bytes[from] ?? 0) >> 4;
  return size * 2 - (field.pad === "F" && spare === 15 ? 1 : 0);
}

/** Writes the length of a content of so many units that takes `size` bytes. */
export function writePrefix(prefix: Prefix, size: number, units: number, output: Output): void {
  let rest = prefix.unit === "bytes" ? size : units;
  const from = output.take(prefixSize(prefix));
  for (let at = output.at - 1; at >= from; at -= 1) {
    if (prefix.encoding === "binary") {
      output.bytes[at] = rest & 255;
      rest >>= 8;
    } else if (prefix.encoding === "bcd") {
      output.bytes[at] = (Math.trunc((rest % 100) / 10) << 4) + (rest % 10);
      rest = Math.trunc(rest / 100);
    } else {
      output.bytes[at] = charsets[prefix.encoding].bytes[0x30 + (rest % 10)] ?? 0;
      rest = Math.trunc(rest / 10);
    }
  }
}
