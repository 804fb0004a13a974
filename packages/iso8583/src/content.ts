import { type Input, type Output } from "./buffer.ts";
import { charsets, type CharsetName } from "./charsets.ts";
import { MessageError } from "./errors.ts";
import { gbkBytes, readGbk } from "./gbk.ts";
import { firstNotDecimal, hexOf, nibble } from "./nibbles.ts";
import { type Content, type FieldDefinition } from "./table.ts";

/** A way to write content: sizes in content units (digits, characters, bytes), places in bytes. */
export type Body = {
  /** Bytes on the wire for so many units. */
  readonly bytes: (units: number) => number;
  readonly read: (input: Input, units: number) => string;
  /** Content in the form that is written, or undefined where it has characters it cannot have. */
  readonly accept: (value: string) => string | undefined;
  readonly units: (accepted: string) => number;
  readonly write: (output: Output, accepted: string) => void;
};

/** The way of a field's encoding. */
export function bodyOf(path: string, field: FieldDefinition): Body {
  switch (field.encoding) {
    case "bcd":
      return field.content === "xn" ? signedBcdBody(path) : bcdBody(path, field);
    case "ascii":
    case "ebcdic":
    case "ebcdic-1047":
      return textBody(path, field.content, field.encoding);
    case "gbk":
      return gbkBody;
    case "binary":
      return binaryBody;
    case "hex":
      return hexBody(path);
  }
}

/** Bytes that hold so many digits. */
function packed(digits: number): number {
  return (digits + 1) >> 1;
}

function bcdBody(
  path: string,
  field: Pick<FieldDefinition, "content" | "prefix" | "justify" | "pad">,
): Body {
  const decimal = field.content === "n";
  const left = (field.justify ?? (field.prefix === undefined ? "right" : "left")) === "left";
  const pad = field.pad === "F" ? 15 : 0;
  return {
    bytes: packed,
    read: (input, units) => {
      const to = input.at + packed(units);
      const odd = units % 2 === 1;
      const text = hexOf(input.bytes, input.at, to);
      const spare = odd ? text.charAt(left ? units : 0) : "0";
      if (spare !== "0" && spare !== "F") {
        const at = left ? to - 1 : input.at;
        throw new MessageError("padding", [path], at, "the spare nibble is neither 0 nor F");
      }
      const content = odd ? (left ? text.slice(0, units) : text.slice(1)) : text;
      if (decimal) {
        const bad = firstNotDecimal(input.bytes, input.at, to);
        if (bad >= 0 && !isDigits(content)) {
          throw new MessageError("characters", [path], bad, "not decimal digits");
        }
      }
      return content;
    },
    accept: (value) => {
      if (decimal) return isDigits(value) ? value : undefined;
      if (!/^[0-9A-Fa-f=]*$/.test(value)) return undefined;
      return value.replaceAll("=", "D").toUpperCase();
    },
    units: (accepted) => accepted.length,
    write: (output, accepted) => {
      const from = output.take(packed(accepted.length));
      const spare = accepted.length % 2 === 1;
      // Place 0 is the high nibble of the first byte.
      let place = spare && !left ? 1 : 0;
      if (spare) output.bytes[left ? output.at - 1 : from] = left ? pad : pad << 4;
      for (let index = 0; index < accepted.length; index += 1, place += 1) {
        const at = from + (place >> 1);
        const value = nibble(accepted.charCodeAt(index));
        const high = place % 2 === 0;
        const keep = (output.bytes[at] ?? 0) & (high ? 0x0f : 0xf0);
        output.bytes[at] = keep | (high ? value << 4 : value);
      }
    },
  };
}

/** The sign as an ASCII letter, then digits two a byte (x+n of ISO 8583 in binary form). */
function signedBcdBody(path: string): Body {
  const digits = bcdBody(path, { content: "n" });
  return {
    bytes: (units) => 1 + packed(Math.max(0, units - 1)),
    read: (input, units) => {
      const sign = String.fromCharCode(input.bytes[input.at] ?? 0);
      if (sign !== "C" && sign !== "D") {
        throw new MessageError("characters", [path], input.at, "must be C or D and digits");
      }
      const rest = { bytes: input.bytes, at: input.at + 1, contentAt: input.contentAt };
      return sign + digits.read(rest, units - 1);
    },
    accept: (value) => (/^[CD]\d*$/.test(value) ? value : undefined),
    units: (accepted) => accepted.length,
    write: (output, accepted) => {
      const at = output.take(1);
      output.bytes[at] = accepted.charCodeAt(0);
      digits.write(output, accepted.slice(1));
    },
  };
}

/** Which characters each content may have, where they stand one a byte. */
const PATTERNS: Readonly<Record<Content, RegExp>> = {
  n: /^\d*$/,
  z: /^[0-9A-Fa-f=]*$/,
  xn: /^[CD]\d*$/,
  an: /^[\x20-\x7E]*$/,
  ans: /^[\x20-\x7E]*$/,
  b: /^$/,
};

function textBody(path: string, content: Content, charset: CharsetName): Body {
  const { characters, bytes } = charsets[charset];
  const pattern = PATTERNS[content];
  const single = content === "xn" ? /^[0-9CD]$/ : pattern;
  const allowed = characters.map((code) => (single.test(String.fromCharCode(code)) ? code : 0));
  return {
    bytes: (units) => units,
    read: (input, units) => {
      let text = "";
      for (let at = input.at; at < input.at + units; at += 1) {
        const code = allowed[input.bytes[at] ?? 0] ?? 0;
        if (code === 0) {
          const why = `a character that ${content} cannot have`;
          throw new MessageError("characters", [path], at, why);
        }
        text += String.fromCharCode(code);
      }
      if (content === "xn" && !pattern.test(text)) {
        throw new MessageError("characters", [path], input.at, "must be C or D and digits");
      }
      return text;
    },
    accept: (value) => (pattern.test(value) ? value : undefined),
    units: (accepted) => accepted.length,
    write: (output, accepted) => {
      const from = output.take(accepted.length);
      for (let index = 0; index < accepted.length; index += 1) {
        output.bytes[from + index] = bytes[accepted.charCodeAt(index)] ?? 0;
      }
    },
  };
}

const gbkBody: Body = {
  bytes: (units) => units,
  read: (input, units) => readGbk(input.bytes, input.at, input.at + units),
  accept: (value) => (gbkBytes(value) === undefined ? undefined : value),
  units: (accepted) => gbkBytes(accepted)?.length ?? 0,
  write: (output, accepted) => {
    const bytes = gbkBytes(accepted) ?? new Uint8Array();
    const from = output.take(bytes.length);
    output.bytes.set(bytes, from);
  },
};

const binaryBody: Body = {
  bytes: (units) => units,
  read: (input, units) => hexOf(input.bytes, input.at, input.at + units),
  accept: acceptHex,
  units: (accepted) => accepted.length >> 1,
  write: (output, accepted) => {
    const from = output.take(accepted.length >> 1);
    for (let at = from; at < output.at; at += 1) {
      const index = (at - from) * 2;
      output.bytes[at] =
        (nibble(accepted.charCodeAt(index)) << 4) | nibble(accepted.charCodeAt(index + 1));
    }
  },
};

function hexBody(path: string): Body {
  return {
    bytes: (units) => units * 2,
    read: (input, units) => {
      let text = "";
      for (let at = input.at; at < input.at + units * 2; at += 1) {
        const byte = input.bytes[at] ?? 0;
        if (nibble(byte) < 0) throw new MessageError("characters", [path], at, "no hex digit");
        text += String.fromCharCode(byte);
      }
      return text.toUpperCase();
    },
    accept: acceptHex,
    units: (accepted) => accepted.length >> 1,
    write: (output, accepted) => {
      const from = output.take(accepted.length);
      const text = accepted.toUpperCase();
      for (let index = 0; index < text.length; index += 1) {
        output.bytes[from + index] = text.charCodeAt(index);
      }
    },
  };
}

function acceptHex(value: string): string | undefined {
  if (value.length % 2 !== 0) return undefined;
  for (let at = 0; at < value.length; at += 1) {
    if (nibble(value.charCodeAt(at)) < 0) return undefined;
  }
  return value;
}

function isDigits(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}
