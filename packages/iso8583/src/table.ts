/**
 * The shape of a spec's tables. A field is four independent choices: what it holds, how that is
 * encoded, how its length is told, how it is padded; everything else derives from them.
 */

export type Text = { readonly en: string; readonly zh: string };

/**
 * What a field holds. `n` digits; `z` track data or its cipher, hex digits with D (or "=") as
 * separator; `an`, `ans` text; `b` bytes, shown as uppercase hex; `xn` C or D and digits.
 */
export type Content = "n" | "z" | "an" | "ans" | "b" | "xn";

/**
 * How it stands on the wire. `bcd` two digits a byte; `ascii` one printable character a byte;
 * `gbk` text of one or two bytes a character, any byte allowed; `binary` the bytes themselves;
 * `hex` bytes as ASCII hex digits. Another character set (EBCDIC) is one more value here.
 */
export type Encoding = "bcd" | "ascii" | "gbk" | "binary" | "hex";

/** The length before a variable field. `bytes`: counts bytes on the wire, else digits or characters. */
export type Prefix = {
  readonly digits: number;
  readonly encoding: "bcd" | "ascii" | "binary";
  readonly unit: "content" | "bytes";
};

/**
 * What may be shown and kept. `pan` first six and last four; `expiry` kept, not shown; `secret`
 * neither shown nor kept; `chip` EMV data, tag by tag; `parts` only as its layout says.
 */
export type Privacy = "pan" | "expiry" | "secret" | "chip" | "parts";

export type Part = { readonly key: string; readonly length: number; readonly privacy?: "pan" };

/**
 * A field made of fixed-length parts, counted in digits or characters. It applies to the given MTIs
 * and to the given size where these are set. `group` repeats after `parts` until the end, its keys
 * numbered from 1 (`1.amount`). A content that ends early has the first parts only.
 */
export type Layout = {
  readonly mti?: readonly string[];
  readonly size?: number;
  readonly parts: readonly Part[];
  readonly group?: readonly Part[];
};

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
  readonly structure?: "tlv" | readonly Layout[];
};

export type FieldTable = Readonly<Record<number, FieldDefinition>>;

/** One value of a message that a rule looks at: the whole field, or its characters from..to. */
export type Probe = {
  readonly field: string;
  readonly from?: number;
  readonly to?: number;
  readonly values: readonly string[];
};

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
