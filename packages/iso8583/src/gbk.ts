/**
 * GBK text without loss. A byte that is no printable ASCII and no half of a GBK character (a name
 * cut in the middle, a control byte) becomes the private-use character U+F700 + byte, and back.
 * So any byte string has one text, safe for JSON, SQL and terminals, that gives the same bytes.
 */

const ESCAPE = 0xf700;

type Tables = {
  /** By lead × 256 + trail: the character, or 0. */
  readonly characters: Uint16Array;
  readonly pairs: ReadonlyMap<number, number>;
};

let tables: Tables | undefined;

/** The double-byte part of GBK, taken once from the runtime's own decoder. */
function gbkTables(): Tables {
  if (tables !== undefined) return tables;
  const characters = new Uint16Array(0x10000);
  const pairs = new Map<number, number>();
  const decoder = new TextDecoder("gbk");
  for (let lead = 0x81; lead <= 0xfe; lead += 1) {
    const bytes: number[] = [];
    for (let trail = 0x40; trail <= 0xfe; trail += 1) bytes.push(lead, trail, 0x0a);
    const cells = decoder.decode(Uint8Array.from(bytes)).split("\n");
    for (const [index, cell] of cells.entries()) {
      const code = cell.length === 1 ? cell.charCodeAt(0) : 0xfffd;
      // A character with two codes keeps the first, so that each character has one byte pair.
      if (code === 0xfffd || code < 0x80 || code >> 8 === ESCAPE >> 8 || pairs.has(code)) continue;
      const pair = lead * 256 + 0x40 + index;
      characters[pair] = code;
      pairs.set(code, pair);
    }
  }
  tables = { characters, pairs };
  return tables;
}

export function readGbk(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x20 && byte < 0x7f) {
      text += String.fromCharCode(byte);
      continue;
    }
    const pair = byte > 0x80 && at + 1 < to ? byte * 256 + (bytes[at + 1] ?? 0) : 0;
    const code = pair === 0 ? 0 : (gbkTables().characters[pair] ?? 0);
    text += String.fromCharCode(code === 0 ? ESCAPE + byte : code);
    if (code !== 0) at += 1;
  }
  return text;
}

/** The bytes of a text, or undefined where a character is neither GBK nor an escaped byte. */
export function gbkBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length * 2);
  let size = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x20 && code < 0x7f) bytes[size++] = code;
    else if (code >> 8 === ESCAPE >> 8) bytes[size++] = code & 0xff;
    else {
      const pair = gbkTables().pairs.get(code);
      if (pair === undefined) return undefined;
      bytes[size++] = pair >> 8;
      bytes[size++] = pair & 0xff;
    }
  }
  return bytes.subarray(0, size);
}

/** A text for people: escaped bytes as \xNN, and nothing that could move a cursor. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uF700-\uF7FF]/gu, (character) => {
    const code = character.charCodeAt(0);
    return code >> 8 === ESCAPE >> 8 || code < 0x100
      ? `\\x${(code & 0xff).toString(16).toUpperCase().padStart(2, "0")}`
      : `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}
