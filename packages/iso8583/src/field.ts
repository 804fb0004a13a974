import { type Input, type Output } from "./buffer.ts";
import { MessageError } from "./errors.ts";
import { bodyOf } from "./content.ts";
import { type FieldDefinition, type Prefix } from "./table.ts";

/** One field's two directions, made once from its definition. Both throw MessageError. */
export type FieldCodec = {
  readonly read: (input: Input) => string;
  readonly write: (output: Output, value: string) => void;
};

/** Compiles one field. `path` is its number, for errors. */
export function compileField(path: string, field: FieldDefinition): FieldCodec {
  const body = bodyOf(path, field);
  const { length, prefix } = field;
  const masked = maskTest(field);
  const fixedText = prefix === undefined && isText(field);

  const read = (input: Input): string => {
    const units = prefix === undefined ? length : readPrefix(path, field, prefix, input);
    const size = body.bytes(units);
    if (input.at + size > input.bytes.length) {
      throw new MessageError("short", [path], input.at, "the message ends inside this field");
    }
    input.contentAt = input.at;
    const value = body.read(input, units);
    input.at += size;
    return value;
  };

  const write = (output: Output, value: string): void => {
    if (masked(value)) {
      throw new MessageError("masked", [path], output.at, "the value is masked");
    }
    let accepted = body.accept(value);
    if (accepted === undefined) {
      const text = `a character that ${field.content} in ${field.encoding} cannot have`;
      throw new MessageError("characters", [path], output.at, text);
    }
    const units = body.units(accepted);
    // Text of a fixed field stands left, blanks after it; numbers come with all their digits.
    if (fixedText && units < length) accepted += " ".repeat(length - units);
    if (units > length || (prefix === undefined && units < length && !fixedText)) {
      const text = prefix === undefined ? `must be ${length} long` : `longer than ${length}`;
      throw new MessageError("length", [path], output.at, text);
    }
    if (prefix !== undefined) writePrefix(prefix, body.bytes(units), units, output);
    body.write(output, accepted);
  };

  return { read, write };
}

function isText(field: FieldDefinition): boolean {
  return field.content === "an" || field.content === "ans";
}

/** Whether a value is one that masking has made: it must never go back on a wire as if it were data. */
function maskTest(field: FieldDefinition): (value: string) => boolean {
  if (!isText(field) || field.privacy === "pan") return (value) => value.includes("*");
  if (field.privacy !== undefined) return (value) => /^\*+$/.test(value);
  // Free text may hold stars; a whole field of them is what hiding a stray card number leaves.
  return (value) => value.length >= 12 && /^\*+$/.test(value);
}

function readPrefix(path: string, field: FieldDefinition, prefix: Prefix, input: Input): number {
  const { bytes } = input;
  const from = input.at;
  const size = prefixSize(prefix);
  if (from + size > bytes.length) {
    throw new MessageError("short", [path], from, "the message ends inside this field's length");
  }
  let count = 0;
  for (let at = from; at < from + size; at += 1) {
    const byte = bytes[at] ?? 0;
    if (prefix.encoding === "binary") count = count * 256 + byte;
    else if (prefix.encoding === "ascii") {
      if (byte < 0x30 || byte > 0x39) throw badLength(path, at);
      count = count * 10 + byte - 0x30;
    } else {
      if (byte >> 4 > 9 || (byte & 15) > 9) throw badLength(path, at);
      count = count * 100 + (byte >> 4) * 10 + (byte & 15);
    }
  }
  if (prefix.unit === "bytes") count = unitsOf(field, prefix, bytes, from + size, count);
  if (count > field.length) {
    const text = `the length is over the limit of ${field.length}`;
    throw new MessageError("length", [path], from, text);
  }
  input.at = from + size;
  return count;
}

function badLength(path: string, at: number): MessageError {
  return new MessageError("length", [path], at, "the length is not a decimal number");
}

function prefixSize(prefix: Prefix): number {
  return prefix.encoding === "bcd" ? (prefix.digits + 1) >> 1 : prefix.digits;
}

/** Units in so many bytes on the wire. An odd number of digits shows by a last nibble F. */
function unitsOf(
  field: FieldDefinition,
  prefix: Prefix,
  bytes: Uint8Array,
  from: number,
  size: number,
): number {
  if (prefix.unit === "content") return size;
  if (field.encoding === "hex") return size >> 1;
  if (field.encoding !== "bcd") return size;
  const last = bytes[from + size - 1] ?? 0;
  return size * 2 - (size > 0 && field.pad === "F" && (last & 15) === 15 ? 1 : 0);
}

function writePrefix(prefix: Prefix, size: number, units: number, output: Output): void {
  let rest = prefix.unit === "bytes" ? size : units;
  const from = output.take(prefixSize(prefix));
  for (let at = output.at - 1; at >= from; at -= 1) {
    if (prefix.encoding === "binary") {
      output.bytes[at] = rest & 255;
      rest >>= 8;
    } else if (prefix.encoding === "ascii") {
      output.bytes[at] = 0x30 + (rest % 10);
      rest = Math.trunc(rest / 10);
    } else {
      output.bytes[at] = (Math.trunc((rest % 100) / 10) << 4) + (rest % 10);
      rest = Math.trunc(rest / 100);
    }
  }
}
