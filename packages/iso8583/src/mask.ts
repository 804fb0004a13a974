import { fromHex, toHex } from "@tillway/bytes";
import { MessageError } from "./errors.ts";
import { gbkBytes } from "./gbk.ts";
import { type Decoded } from "./message.ts";
import { type Spec } from "./spec.ts";
import { isPlainBer } from "./structure/ber.ts";
import { numbered, type MessageView, type PartValue } from "./structure/parts.ts";
import { type FieldDefinition } from "./table.ts";
import { walkTlv, type TlvItem } from "./tlv.ts";

/** What of a message may be shown, and what may rest in a journal (decisions: what may rest). */

/**
 * Chip data that are neither card data, nor a cardholder's, nor a PIN's: by name, so that a tag
 * nobody thought of is hidden. Scripts (71, 72) are not here: they may carry an enciphered PIN.
 */
const OPEN_TAGS: ReadonlySet<string> = new Set(
  (
    "4F 50 82 84 8A 8E 91 95 9A 9B 9C 5F2A 5F2D 5F34 5F36 9F01 9F02 9F03 9F06 9F07 9F08 9F09 9F0D " +
    "9F0E 9F0F 9F10 9F12 9F15 9F16 9F1A 9F1C 9F1E 9F21 9F26 9F27 9F33 9F34 9F35 9F36 9F37 9F39 " +
    "9F40 9F41 9F42 9F4E 9F53 9F63 9F66 9F6C 9F6E 9F74 DF31 " +
    // What a signed receipt says, without expiry date and remarks (unionpay-pos §2.7).
    "FF00 FF01 FF02 FF03 FF04 FF06 FF07 FF08 FF09 FF0A FF22 FF23 FF26 FF27 FF28 FF29 FF2A FF2B FF30 " +
    "FF31 FF60 FF61 FF62 FF63 FF64 FF65 FF70"
  ).split(" "),
);

const stars = (text: string): string => "*".repeat(text.length);

/** First six and last four of a card number; leading fill zeros stay, what is shorter goes whole. */
function maskPan(text: string): string {
  const fill = /^0*/.exec(text)?.[0] ?? "";
  const pan = text.slice(fill.length);
  if (pan.length < 13) return stars(text);
  return fill + pan.slice(0, 6) + "*".repeat(pan.length - 10) + pan.slice(-4);
}

/** How one field comes out: its content and parts, or nothing, and which of its parts are gone. */
type Kept = {
  readonly value: string | undefined;
  readonly parts?: Record<string, string> | undefined;
  readonly lost: readonly string[];
};

type Purpose = "show" | "keep";

/**
 * The message as it may be shown: card number as first six and last four, everything else of a card,
 * keys and private texts as stars. Such a value is refused by `encode`. What may be shown is unchanged.
 */
export function maskFields(spec: Spec, decoded: Decoded): Decoded {
  const parsed: Record<string, Record<string, string>> = {};
  const { fields } = filter(spec, decoded, "show", parsed);
  return { mti: decoded.mti, bitmap: decoded.bitmap, fields, parsed };
}

/**
 * The message as a journal may keep it: the card number masked (the journal has its token and cipher
 * besides), card data of DE 55, tracks, PIN block, keys and private texts left out. `notKept` names
 * what is left out: "35", "55.5A". Parts are not kept: `fieldParts` finds them again in the fields.
 */
export function keptFields(
  spec: Spec,
  message: MessageView,
): { fields: Record<string, string>; notKept: string[] } {
  return filter(spec, message, "keep");
}

/** Notes parts in `parsed` where it is given. */
function filter(
  spec: Spec,
  decoded: MessageView,
  purpose: Purpose,
  parsed?: Record<string, Record<string, string>>,
): ReturnType<typeof keptFields> {
  const chip = chipOf(spec, decoded);
  const needles = cardNumbers(spec, decoded, chip);
  const fields: Record<string, string> = {};
  const notKept: string[] = [];
  for (const number of Object.keys(decoded.fields)) {
    const value = decoded.fields[number];
    if (value === undefined) continue;
    const definition = spec.definitions[Number(number)];
    // Most of what is kept has nothing to hide but a card number that strayed.
    if (purpose === "keep" && definition !== undefined && definition.privacy === undefined) {
      if (holdsAny(value, definition, needles)) notKept.push(number);
      else fields[number] = value;
      continue;
    }
    const kept = treat({ spec, decoded, number, value, purpose, needles, chip }, definition);
    for (const part of kept.lost) notKept.push(part === "" ? number : `${number}.${part}`);
    if (kept.value === undefined) continue;
    fields[number] = kept.value;
    if (parsed && kept.parts !== undefined) parsed[number] = kept.parts;
  }
  return { fields, notKept };
}

type Treated = {
  readonly spec: Spec;
  readonly decoded: MessageView;
  readonly number: string;
  readonly value: string;
  readonly purpose: Purpose;
  readonly needles: readonly Needle[];
  readonly chip: Chip | undefined;
};

/** DE 55 where it is plain BER-TLV: its hex in capitals, and its outermost objects. */
type Chip = { readonly hex: string; readonly items: readonly TlvItem[] };

function chipOf(spec: Spec, { fields }: MessageView): Chip | undefined {
  const [value, definition] = [fields["55"], spec.definitions[55]];
  if (value === undefined || definition === undefined || !isPlainBer(definition)) return undefined;
  if (definition.privacy !== "chip" || !/^(?:[0-9A-Fa-f]{2})*$/.test(value)) return undefined;
  const walk = walkTlv(fromHex(value));
  return walk.ok ? { hex: value.toUpperCase(), items: walk.items } : undefined;
}

function treat(one: Treated, definition: FieldDefinition | undefined): Kept {
  const { value, purpose, needles, chip } = one;
  const hidden: Kept = { value: purpose === "show" ? stars(value) : undefined, lost: [""] };
  if (definition === undefined || definition.privacy === "secret") return hidden;
  if (definition.privacy === "pan") return { value: maskPan(value), lost: [] };
  if (definition.privacy === "expiry") {
    return { value: purpose === "show" ? stars(value) : value, lost: [] };
  }
  if (one.number === "55" && chip !== undefined) return treatChip(chip, purpose, needles);
  const parts = partsOf(one)?.map((part) => closed(definition, part));
  if (parts === undefined) {
    // Content of no known form may hold a card number as soon as it is long enough for one.
    const unknown = definition.privacy === "chip" || definition.privacy === "parts";
    if (unknown && value.length > 12) return hidden;
  }
  const shown = parts?.map(shownPart) ?? [];
  const open = openValue(definition, value, parts ?? [], shown);
  if (open === undefined && purpose === "keep") return hidden;
  // At least twelve stars, so that encode knows them from stars that belong to a text.
  const starred = stars(value).padEnd(12, "*");
  if (holdsAny(open ?? "", definition, needles)) {
    return { ...hidden, value: purpose === "show" ? starred : undefined };
  }
  const record = parts && Object.fromEntries(shown.map(({ key, text }) => [key, text]));
  return { value: open ?? starred, parts: record, lost: [] };
}

/** The parts of a field, if its content (which may be masked already) has any. */
function partsOf({
  spec,
  decoded,
  number,
  value,
}: Pick<Treated, "spec" | "decoded" | "number" | "value">): readonly PartValue[] | undefined {
  try {
    return spec.structures[Number(number)]?.parse(decoded, value);
  } catch (error) {
    if (error instanceof MessageError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Of chip data in data sets, what is not open by name is secret. */
function closed(definition: FieldDefinition, part: PartValue): PartValue {
  if (definition.privacy !== "chip") return part;
  const tag = part.key.replace(/^.*?\./, "").replace(/^tlv\.|\.\d+$/g, "");
  return OPEN_TAGS.has(tag) ? part : { ...part, privacy: "secret" };
}

function shownPart(part: PartValue): PartValue {
  if (part.privacy === undefined) return part;
  return { ...part, text: part.privacy === "pan" ? maskPan(part.text) : stars(part.text) };
}

/** The content with its hidden parts masked in place; undefined where that is the whole of it. */
function openValue(
  definition: FieldDefinition,
  value: string,
  parts: readonly PartValue[],
  shown: readonly PartValue[],
): string | undefined {
  if (parts.every(({ privacy }) => privacy === undefined)) return value;
  if (parts.some(({ privacy }) => privacy === "secret")) return undefined;
  const digits = definition.content === "n" || definition.content === "z";
  const together = parts.map(({ text }) => text).join("") === value;
  return digits && together ? shown.map(({ text }) => text).join("") : undefined;
}

/** BER-TLV object by object. Shown, a hidden value is stars in its place; kept, the object is gone. */
function treatChip({ hex, items }: Chip, purpose: Purpose, needles: readonly Needle[]): Kept {
  const present = needles.filter((one) => hex.includes(one.hex) || hex.includes(one.asciiHex));
  const parts: Record<string, string> = {};
  const lost: string[] = [];
  if (purpose === "keep" && present.length === 0 && items.every(({ tag }) => OPEN_TAGS.has(tag))) {
    return { value: hex, parts, lost };
  }
  const keyOf = numbered();
  let text = "";
  for (const { tag, at, valueAt, end } of items) {
    const key = keyOf(tag);
    const content = hex.slice(valueAt * 2, end * 2);
    const open =
      OPEN_TAGS.has(tag) &&
      !present.some((needle) => content.includes(needle.hex) || content.includes(needle.asciiHex));
    if (!open) lost.push(key);
    if (purpose === "keep") {
      if (open) text += hex.slice(at * 2, end * 2);
      continue;
    }
    const shown = open ? content : stars(content);
    parts[key] = shown;
    text += hex.slice(at * 2, valueAt * 2) + shown;
  }
  return { value: text, parts, lost };
}

/** The beginning of a card number as hex digits (BCD, digits) and as the hex of its ASCII text. */
type Needle = { readonly hex: string; readonly asciiHex: string };

/** Tags of DE 55 with a card number, also inside a data set. */
const CARD_TAG = /^(?:.*\.)?(?:5A|57)$/;

/** Twelve digits hold six that masking hides; any field that repeats them is hidden too. */
const NEEDLE_LENGTH = 12;

/** The numbers of a spec's fields that hold a card number. */
const panFields = new WeakMap<Spec, readonly string[]>();

function panFieldsOf(spec: Spec): readonly string[] {
  const known = panFields.get(spec);
  if (known) return known;
  const found = spec.definitions.flatMap((definition, number) =>
    definition?.privacy === "pan" ? [String(number)] : [],
  );
  panFields.set(spec, found);
  return found;
}

/** The card numbers that a message carries wherever one has its place. */
function cardNumbers(spec: Spec, decoded: MessageView, chip: Chip | undefined): Needle[] {
  const { fields } = decoded;
  const found = new Set<string>();
  const note = (text: string | undefined): void => {
    const digits = text && /^\d{12}/.exec(text)?.[0];
    if (digits) found.add(digits.slice(0, NEEDLE_LENGTH));
  };
  for (const number of panFieldsOf(spec)) note(fields[number]);
  note(fields["35"]);
  note(fields["36"]?.slice(2));
  note(fields["45"]?.slice(1));
  const value = fields["55"];
  const sets = !chip && value ? partsOf({ spec, decoded, number: "55", value }) : undefined;
  for (const { key, text } of sets ?? []) if (CARD_TAG.test(key)) note(text);
  for (const { tag, valueAt, end } of chip?.items ?? []) {
    if (CARD_TAG.test(tag)) note(chip?.hex.slice(valueAt * 2, end * 2));
  }
  return [...found].map((hex) => ({ hex, asciiHex: `3${hex.split("").join("3")}` }));
}

function holdsAny(value: string, definition: FieldDefinition, needles: readonly Needle[]): boolean {
  if (needles.length === 0) return false;
  // A GBK text is looked at as bytes too: two a character, two hex digits each.
  if (value.length < (definition.encoding === "gbk" ? NEEDLE_LENGTH / 4 : NEEDLE_LENGTH))
    return false;
  const bytes = definition.encoding === "gbk" ? gbkBytes(value) : undefined;
  const forms = bytes === undefined ? [value] : [value, toHex(bytes)];
  return needles.some(({ hex, asciiHex }) =>
    forms.some((form) => form.includes(hex) || form.includes(asciiHex)),
  );
}
