/** Single-byte character sets as tables from byte to character code; 0 where there is none. */

/** Code page 37 at 0x40…0xFF for the printable ASCII characters, as runs of (first byte, text). */
const CP037: readonly (readonly [number, string])[] = [
  [0x40, " "],
  [0x4b, ".<(+|&"],
  [0x5a, "!$*);"],
  [0x60, "-/"],
  [0x6b, ",%_>?"],
  [0x79, "`:#@'=\""],
  [0x81, "abcdefghi"],
  [0x91, "jklmnopqr"],
  [0xa1, "~stuvwxyz"],
  [0xb0, "^"],
  [0xba, "[]"],
  [0xc0, "{ABCDEFGHI"],
  [0xd0, "}JKLMNOPQR"],
  [0xe0, "\\"],
  [0xe2, "STUVWXYZ"],
  [0xf0, "0123456789"],
];

/** Where code page 1047 differs: the caret and the brackets. */
const CP1047: readonly (readonly [number, string])[] = [
  [0x5f, "^"],
  [0xad, "["],
  [0xbd, "]"],
];

export type Charset = {
  /** By byte: the character's code, or 0. */
  readonly characters: Uint8Array;
  /** By character code below 128: the byte, or 0. */
  readonly bytes: Uint8Array;
};

function charset(runs: readonly (readonly [number, string])[]): Charset {
  const characters = new Uint8Array(256);
  const bytes = new Uint8Array(128);
  for (const [first, text] of runs) {
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      // A later run replaces an earlier place of the same character.
      characters[bytes[code] ?? 0] = 0;
      characters[first + index] = code;
      bytes[code] = first + index;
    }
  }
  return { characters, bytes };
}

const ascii: Charset = charset([
  [0x20, String.fromCharCode(...Array.from({ length: 95 }, (_, index) => index + 0x20))],
]);
const ebcdic: Charset = charset(CP037);
const ebcdic1047: Charset = charset([...CP037, ...CP1047]);

export type CharsetName = "ascii" | "ebcdic" | "ebcdic-1047";

/** Printable ASCII, and its characters in two EBCDIC code pages. */
export const charsets: Readonly<Record<CharsetName, Charset>> = {
  ascii,
  ebcdic,
  "ebcdic-1047": ebcdic1047,
};
