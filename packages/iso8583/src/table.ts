/**
 * The shape of a spec's tables. A field is four independent choices: what it holds, how that is
 * encoded, how its length is told, how it is padded; everything else derives from them. Tables are
 * plain data: what is written here can be written as JSON too.
 */

export type Text = { readonly en: string; readonly zh: string };

/**
 * What a field holds. `n` digits; `z` track data or its cipher, hex digits with D (or "=") as
 * separator; `an`, `ans` text; `b` bytes, shown as uppercase hex; `xn` C or D and digits.
 */
export type Content = "n" | "z" | "an" | "ans" | "b" | "xn";

/**
 * How it stands on the wire. `bcd` two digits a byte; `ascii` one printable character a byte;
 * `ebcdic` the same in code page 37, `ebcdic-1047` in 1047; `gbk` text of one or two bytes a
 * character, any byte allowed; `binary` the bytes themselves; `hex` bytes as ASCII hex digits.
 */
export type Encoding = "bcd" | "ascii" | "ebcdic" | "ebcdic-1047" | "gbk" | "binary" | "hex";

/**
 * The length before a variable field, `digits` long (bytes, when binary). `unit` "bytes": it counts
 * bytes on the wire, else digits or characters.
 */
export type Prefix = {
  readonly digits: number;
  readonly encoding: "bcd" | "ascii" | "ebcdic" | "binary";
  readonly unit: "content" | "bytes";
};

/**
 * What may be shown and kept. `pan` first six and last four; `expiry` kept, not shown; `secret`
 * neither shown nor kept; `chip` EMV data, tag by tag; `parts` only as its structure says.
 */
export type Privacy = "pan" | "expiry" | "secret" | "chip" | "parts";

/** Whether a part is hidden: a card number in part, a secret whole. */
export type PartPrivacy = "pan" | "secret";

/** A part of fixed size. In a field of bytes it is shown as hex, or as the `text` it holds. */
export type Part = {
  readonly key: string;
  readonly length: number;
  readonly privacy?: PartPrivacy;
  readonly as?: "text";
  readonly name?: Text;
};

/** One value of a message that a rule looks at: the whole field, or its characters from..to. */
export type Probe = {
  readonly field: string;
  readonly from?: number;
  readonly to?: number;
  readonly values: readonly string[];
};

/** In which messages a structure holds: of these types, of this size, with these values before it. */
export type Applies = {
  readonly mti?: readonly string[];
  /** Digits, characters, or bytes of a `gbk` or `b` field. */
  readonly size?: number;
  readonly when?: readonly Probe[];
};

/**
 * A field made of fixed-size parts, sized in digits or characters (bytes in `gbk` and `b` fields).
 * `group` repeats after `parts` until the end, its keys numbered from 1 (`1.amount`). A content
 * that ends early has the first parts only; what follows the last part has the key "rest".
 */
export type Layout = Applies & {
  readonly parts: readonly Part[];
  readonly group?: readonly Part[];
};

/** What one tag of a `tags` structure holds; `length` where the tag alone tells the size. */
export type TagItem = {
  readonly name?: Text;
  readonly length?: number;
  readonly privacy?: PartPrivacy;
  readonly as?: "text";
  readonly inner?: Tags;
};

/**
 * Tag, length, value in text (in a `b` field: in bytes, tags and lengths in ASCII). `tag` characters
 * of tag, `length` digits of length; 0: no lengths, every tag's size is in `items`. Tags beside
 * `items` are allowed where lengths are told. Keys: "01", inner ones "A2.01", a second one "01#2".
 */
export type Tags = {
  readonly kind: "tags";
  readonly tag: number;
  readonly length: number;
  readonly items: Readonly<Record<string, TagItem>>;
};

/** BER-TLV after some leading parts. Keys are tags in hex; one that comes again is "72.2". */
export type Ber = {
  readonly kind: "ber";
  readonly lead?: readonly Part[];
  readonly names?: Readonly<Record<string, Text>>;
};

/** Fields one after the other, each with its own encoding; keys are their numbers. */
export type FieldList = { readonly kind: "fields"; readonly fields: FieldTable };

/** A bitmap of `size` bytes, then its fields; bit 1 is field 1. */
export type BitmapSet = {
  readonly kind: "bitmap";
  readonly bitmap: "binary" | "hex";
  readonly size: number;
  readonly fields: FieldTable;
};

/**
 * Data sets (ISO 8583:2003 §5): identifier of one byte, length of two, content. Up to 70 the content
 * is BER-TLV (keys "01.9F26"), above it a bitmap and fields ("71.2"), for which `sets` has a table by
 * identifier in hex or "*"; what has no table is one part, "72". A second one is "72#2".
 */
export type Datasets = {
  readonly kind: "datasets";
  readonly sets: Readonly<Record<string, FieldTable>>;
};

export type Composite = Tags | Ber | FieldList | BitmapSet | Datasets;

export type Alternative = Layout | (Applies & { readonly composite: Composite });

/**
 * The parts of a field. A composite ("tlv" is short for BER-TLV) must fit, or the message is refused;
 * of alternatives the first that fits is taken, and a content that none fits has no parts.
 */
export type Structure = "tlv" | Composite | readonly Alternative[];

export type FieldDefinition = {
  readonly name: Text;
  readonly content: Content;
  readonly encoding: Encoding;
  /** Exact for a fixed field, the maximum for one with a prefix; digits, characters or (b) bytes. */
  readonly length: number;
  readonly prefix?: Prefix;
  /** Where an odd number of BCD digits stands. Default: right when fixed, left with a prefix. */
  readonly justify?: "left" | "right";
  /** The nibble written beside an odd number of BCD digits; 0 and F are both read. Default 0. */
  readonly pad?: "0" | "F";
  readonly privacy?: Privacy;
  readonly structure?: Structure;
};

export type FieldTable = Readonly<Record<number, FieldDefinition>>;

/** A kind of message and which fields it must and must not have. */
export type MessageRule = {
  readonly name: string;
  readonly mti: readonly string[];
  /** All must hold. In a reply, a probe of an absent field holds: refusals may be short. */
  readonly match: readonly Probe[];
  readonly reply?: true;
  readonly mandatory: readonly string[];
  readonly forbidden: readonly string[];
  readonly when: readonly Condition[];
};

export type Condition = {
  readonly probe: Probe;
  readonly mandatory?: readonly string[];
  readonly forbidden?: readonly string[];
};
