import { fromHex } from "@tillway/bytes";
import { gbkBytes, readGbk } from "../gbk.ts";
import { hexOf } from "../nibbles.ts";
import { type FieldDefinition } from "../table.ts";

/** How a part is shown: as the content itself is, or as the text that bytes hold. */
export type As = "text" | undefined;

/** Content as something that has a size and can be cut. */
export type Sequence = {
  readonly size: number;
  readonly cut: (from: number, to: number, as: As) => string;
};

/**
 * What sizes count in a field's content and how pieces of it are taken and put together: digits or
 * characters; bytes in `gbk` text, whose characters have one or two; bytes in `b`.
 */
export type Medium = {
  readonly open: (content: string) => Sequence;
  /** Units of a piece; undefined where it has characters it cannot have. */
  readonly measure: (piece: string, as: As) => number | undefined;
  readonly join: (pieces: readonly { readonly text: string; readonly as: As }[]) => string;
  /** Bytes of so many units before a place, for offsets. */
  readonly offset: (units: number) => number;
};

export function mediumOf(field: Pick<FieldDefinition, "content" | "encoding">): Medium {
  if (field.content === "b") return byteMedium;
  if (field.encoding === "gbk") return gbkMedium;
  return field.encoding === "bcd" ? digitMedium : textMedium;
}

const textMedium: Medium = {
  open: (content) => ({ size: content.length, cut: (from, to) => content.slice(from, to) }),
  measure: (piece) => piece.length,
  join: (pieces) => pieces.map(({ text }) => text).join(""),
  offset: (units) => units,
};

const digitMedium: Medium = { ...textMedium, offset: (units) => units >> 1 };

const gbkMedium: Medium = {
  open: (content) => {
    const bytes = gbkBytes(content) ?? new Uint8Array();
    return {
      size: bytes.length,
      cut: (from, to) => readGbk(bytes, from, Math.min(to, bytes.length)),
    };
  },
  measure: (piece) => gbkBytes(piece)?.length,
  // Byte by byte, so that the halves of a character that was cut come together again.
  join: (pieces) => {
    const bytes = pieces.flatMap(({ text }) => [...(gbkBytes(text) ?? [])]);
    return readGbk(Uint8Array.from(bytes), 0, bytes.length);
  },
  offset: (units) => units,
};

const byteMedium: Medium = {
  open: (content) => {
    const bytes = fromHex(content);
    const end = (to: number): number => Math.min(to, bytes.length);
    return {
      size: bytes.length,
      cut: (from, to, as) =>
        as === "text" ? readGbk(bytes, from, end(to)) : hexOf(bytes, from, end(to)),
    };
  },
  measure: (piece, as) => {
    if (as === "text") return gbkBytes(piece)?.length;
    return /^(?:[0-9A-F]{2})*$/.test(piece) ? piece.length / 2 : undefined;
  },
  join: (pieces) =>
    pieces
      .map(({ text, as }) => {
        const bytes = as === "text" ? (gbkBytes(text) ?? new Uint8Array()) : undefined;
        return bytes === undefined ? text : hexOf(bytes, 0, bytes.length);
      })
      .join(""),
  offset: (units) => units,
};
