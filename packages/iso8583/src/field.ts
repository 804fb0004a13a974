import { type Input, type Output } from "./buffer.ts";
import { bodyOf } from "./content.ts";
import { MessageError } from "./errors.ts";
import { readPrefix, writePrefix } from "./prefix.ts";
import { type FieldDefinition } from "./table.ts";

/** One field's two directions, made once from its definition. Both throw MessageError. */
export type FieldCodec = {
  readonly read: (input: Input) => string;
  readonly write: (output: Output, value: string) => void;
};

/** Compiles one field, the careful way. `path` is its number, for errors. */
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
