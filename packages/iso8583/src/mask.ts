import { fromAscii, fromHex, toHex } from "@tillway/bytes";
import { type Decoded } from "./codec.ts";
import { gbkBytes } from "./gbk.ts";
import { type Spec } from "./spec.ts";
import { cut, layoutOf, partsOf, tagKeys, tagsOf } from "./structure.ts";
import { type FieldDefinition } from "./table.ts";
import { walkTlv } from "./tlv.ts";

/** What of a message may be shown, and what may rest in a journal (decisions: what may rest). */

/**
 * Chip data that are neither card data, nor a cardholder's, nor a PIN's: by name, so that a tag
 * nobody thought of is hidden. Scripts (71, 72) are not here: they may carry an enciphered PIN.
 */
const OPEN_TAGS: ReadonlySet<string> = new Set(
  (
    "4F 50 82 84 8A 8E 91 95 9A 9B 9C 5F2A 5F2D 5F34 5F36 9F01 9F02 9F03 9F06 9F07 9F08 9F09 9F0D " +
    "9F0E 9F0F 9F10 9F12 9F15 9F16 9F1A 9F1C 9F1E 9F21 9F26 9F27 9F33 9F34 9F35 9F36 9F37 9F39 " +
    "9F40 9F41 9F42 9F4E 9F53 9F63 9F66 9F6C 9F6E 9F74 DF31"
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
  const { fields, parsed } = filter(spec, decoded, "show");
  return { mti: decoded.mti, bitmap: decoded.bitmap, fields, parsed };
}

/**
 * The message as a journal may keep it: the card number masked (the journal has its token and cipher
 * besides), card data of DE 55, tracks, PIN block, keys and private texts left out. `notKept` names
 * what is left out: "35", "55.5A".
 */
export function keptFields(
  spec: Spec,
  decoded: Decoded,
): {
  fields: Record<string, string>;
  parsed: Record<string, Record<string, string>>;
  notKept: string[];
} {
  return filter(spec, decoded, "keep");
}

function filter(spec: Spec, decoded: Decoded, purpose: Purpose): ReturnType<typeof keptFields> {
  const needles = cardNumbers(decoded);
  const fields: Record<string, string> = {};
  const parsed: Record<string, Record<string, string>> = {};
  const notKept: string[] = [];
  for (const [number, value] of Object.entries(decoded.fields)) {
    const definition = spec.definitions[Number(number)];
    const kept = treat(definition, decoded.mti, value, purpose, needles);
    for (const part of kept.lost) notKept.push(part === "" ? number : `${number}.${part}`);
    if (kept.value === undefined) continue;
    fields[number] = kept.value;
    if (kept.parts !== undefined) parsed[number] = kept.parts;
  }
  return { fields, parsed, notKept };
}

function treat(
  definition: FieldDefinition | undefined,
  mti: string,
  value: string,
  purpose: Purpose,
  needles: readonly Needle[],
): Kept {
  const hidden: Kept = { value: purpose === "show" ? stars(value) : undefined, lost: [""] };
  if (definition === undefined || definition.privacy === "secret") return hidden;
  if (definition.privacy === "chip") return treatChip(value, purpose, needles) ?? hidden;
  if (definition.privacy === "pan") return { value: maskPan(value), lost: [] };
  if (definition.privacy === "expiry") {
    return { value: purpose === "show" ? stars(value) : value, lost: [] };
  }
  const layouts = definition.structure === "tlv" ? undefined : definition.structure;
  const layout = layouts === undefined ? undefined : layoutOf(layouts, mti, value);
  let open = value;
  if (definition.privacy === "parts") {
    // Content of no known form may hold a card number as soon as it is long enough for one.
    if (layout === undefined && value.length > 12) return hidden;
    const pieces = layout === undefined ? [] : cut(layout, value);
    if (layout !== undefined) {
      open = pieces
        .map(({ part, text }) => (part.privacy === "pan" ? maskPan(text) : text))
        .join("");
    }
  }
  // At least twelve stars, so that encode knows them from stars that belong to a text.
  if (holdsAny(open, definition, needles)) {
    return { ...hidden, value: hidden.value?.padEnd(12, "*") };
  }
  return { value: open, parts: layout && partsOf(layout, open), lost: [] };
}

/** DE 55 object by object. Shown, a hidden value is stars in its place; kept, the object is gone. */
function treatChip(value: string, purpose: Purpose, needles: readonly Needle[]): Kept | undefined {
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(value)) return undefined;
  const bytes = fromHex(value);
  const walk = walkTlv(bytes);
  if (!walk.ok) return undefined;
  const all = tagsOf(bytes, walk.items);
  const parts: Record<string, string> = {};
  const lost: string[] = [];
  let text = "";
  for (const [index, key] of tagKeys(walk.items).entries()) {
    const item = walk.items[index];
    const content = all[key];
    if (item === undefined || content === undefined) continue;
    const head = toHex(bytes.subarray(item.at, item.valueAt));
    const open =
      OPEN_TAGS.has(item.tag) &&
      !needles.some((needle) => content.includes(needle.hex) || content.includes(needle.asciiHex));
    if (!open) lost.push(key);
    if (!open && purpose === "keep") continue;
    const shown = open ? content : stars(content);
    parts[key] = shown;
    text += head + shown;
  }
  return { value: text, parts, lost };
}

/** The beginning of a card number as hex digits (BCD, digits) and as the hex of its ASCII text. */
type Needle = { readonly hex: string; readonly asciiHex: string };

/** Twelve digits hold six that masking hides; any field that repeats them is hidden too. */
const NEEDLE_LENGTH = 12;

/** The card numbers that a message carries wherever one has its place. */
function cardNumbers(decoded: Decoded): Needle[] {
  const { fields, parsed } = decoded;
  const chip = parsed["55"] ?? {};
  const digitsAt = [
    fields["2"],
    fields["35"],
    fields["36"]?.slice(2),
    fields["45"]?.slice(1),
    fields["102"],
    fields["103"],
    chip["5A"],
    chip["57"],
  ];
  const found = new Set<string>();
  for (const text of digitsAt) {
    const digits = /^\d{12}/.exec(text ?? "")?.[0];
    if (digits !== undefined) found.add(digits.slice(0, NEEDLE_LENGTH));
  }
  return [...found].map((hex) => ({ hex, asciiHex: toHex(fromAscii(hex)) }));
}

function holdsAny(value: string, definition: FieldDefinition, needles: readonly Needle[]): boolean {
  if (needles.length === 0) return false;
  const bytes = definition.encoding === "gbk" ? gbkBytes(value) : undefined;
  const forms = bytes === undefined ? [value] : [value, toHex(bytes)];
  return needles.some(({ hex, asciiHex }) =>
    forms.some((form) => form.includes(hex) || form.includes(asciiHex)),
  );
}
