/** DE number → content: digits, text, or UPPERCASE hex for bytes. */
export type MessageFields = Readonly<Record<string, string>>;

export type Message = { readonly mti: string; readonly fields: MessageFields };

/** `bitmap` in hex; `parsed` the parts of structured fields by DE number. */
export type Decoded = Message & {
  readonly bitmap: string;
  readonly parsed: Record<string, Record<string, string>>;
};
