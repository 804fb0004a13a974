import { type SpecProblem } from "./errors.ts";
import { type SpecTable } from "./spec-table.ts";
import { type FieldDefinition, type MessageRule, type Prefix } from "./table.ts";
import {
  anyText,
  integer,
  isRecord,
  listOf,
  matching,
  object,
  oneOf,
  recordOf,
  report,
  text,
  allOf,
  type Check,
  type Found,
  type Path,
} from "./validate.ts";

/** Whether a table, of whatever origin, can be a spec. */

/** The longest content of a field: what a length of two bytes can tell. */
const LONGEST = 0xffff;

/** Structures within structures. */
const DEEPEST = 4;

const names = object({ en: text, zh: text });
const number = matching(/^[1-9]\d{0,2}$/, "a field number");
const numbers = listOf(number);

const probe = object(
  { field: number, values: listOf(anyText, 1) },
  { from: integer(0, LONGEST), to: integer(1, LONGEST) },
);

const condition = object({ probe }, { mandatory: numbers, forbidden: numbers });

const mti = listOf(matching(/^\d{4}$/, "four digits"), 1);

const rule = object(
  {
    name: text,
    mti,
    match: listOf(probe),
    mandatory: numbers,
    forbidden: numbers,
    when: listOf(condition),
  },
  { reply: oneOf(true) },
);

const prefix = object({
  digits: integer(1, 6),
  encoding: oneOf("bcd", "ascii", "ebcdic", "binary"),
  unit: oneOf("content", "bytes"),
});

const part = object(
  { key: matching(/^[A-Za-z0-9]{1,40}$/, "letters and digits"), length: integer(1, LONGEST) },
  { privacy: oneOf("pan", "secret"), as: oneOf("text"), name: names },
);

const applies = { mti, size: integer(0, LONGEST), when: listOf(probe) };

function tags(depth: number): Check {
  const item = object(
    {},
    {
      name: names,
      length: integer(0, LONGEST),
      privacy: oneOf("pan", "secret"),
      as: oneOf("text"),
      inner: (value, path, found) => nested(depth, path, found, tags)?.(value, path, found),
    },
  );
  return object({
    kind: oneOf("tags"),
    tag: integer(1, 8),
    length: integer(0, 6),
    items: recordOf(/^.{1,8}$/, item),
  });
}

const ber = object(
  { kind: oneOf("ber") },
  {
    lead: listOf(part),
    names: recordOf(/^(?:[0-9A-F]{2}){1,3}$/, names),
  },
);

function nested(
  depth: number,
  path: Path,
  found: Found,
  make: (depth: number) => Check,
): Check | undefined {
  if (depth < DEEPEST) return make(depth + 1);
  report(found, path, "is too deep");
  return undefined;
}

/** By depth, made when first needed. */
const fieldChecks: (Check | undefined)[] = [];

function fieldTable(depth: number, least: number, most: number): Check {
  return (value, path, found) => {
    const one: Check = (field, at, into) =>
      nested(
        depth,
        at,
        into,
        (next) => (fieldChecks[next] ??= fieldCheck(next)),
      )?.(field, at, into);
    recordOf(/^(?:0|[1-9]\d{0,2})$/, (field, at, into) => {
      const own = Number(at.at(-1));
      if (own < least || own > most) report(into, at, `must be from ${least} to ${most}`);
      one(field, at, into);
    })(value, path, found);
  };
}

function composite(depth: number): Check {
  const kinds: Readonly<Record<string, Check>> = {
    tags: tags(depth),
    ber,
    fields: object({ kind: oneOf("fields"), fields: fieldTable(depth, 0, 999) }),
    bitmap: (value, path, found) => {
      const size = isRecord(value) && typeof value.size === "number" ? value.size : 1;
      object({
        kind: oneOf("bitmap"),
        bitmap: oneOf("binary", "hex"),
        size: integer(1, 24),
        fields: fieldTable(depth, 1, size * 8),
      })(value, path, found);
    },
    datasets: object({
      kind: oneOf("datasets"),
      sets: recordOf(/^(?:[0-9A-F]{2}|\*)$/, fieldTable(depth, 1, 999)),
    }),
  };
  return (value, path, found) => {
    const kind = isRecord(value) && typeof value.kind === "string" ? value.kind : "";
    if (Object.hasOwn(kinds, kind)) kinds[kind]?.(value, path, found);
    else report(found, [...path, "kind"], `must be one of ${Object.keys(kinds).join(", ")}`);
  };
}

function alternative(depth: number): Check {
  const layout = object({ parts: listOf(part) }, { ...applies, group: listOf(part, 1) });
  const other = object({ composite: composite(depth) }, applies);
  return (value, path, found) => {
    (isRecord(value) && "composite" in value ? other : layout)(value, path, found);
  };
}

function structure(depth: number): Check {
  const alternatives = listOf(alternative(depth), 1);
  const single = composite(depth);
  return (value, path, found) => {
    if (value === "tlv") return;
    (Array.isArray(value) ? alternatives : single)(value, path, found);
  };
}

function fieldCheck(depth: number): Check {
  const shape = object(
    {
      name: names,
      content: oneOf("n", "z", "an", "ans", "b", "xn"),
      encoding: oneOf("bcd", "ascii", "ebcdic", "ebcdic-1047", "gbk", "binary", "hex"),
      length: integer(1, LONGEST),
    },
    {
      prefix,
      justify: oneOf("left", "right"),
      pad: oneOf("0", "F"),
      privacy: oneOf("pan", "expiry", "secret", "chip", "parts"),
      structure: structure(depth),
    },
  );
  return allOf(shape, (value, path, found) => {
    for (const message of conflicts(value as FieldDefinition)) report(found, path, message);
  });
}

const ENCODINGS: Readonly<Record<FieldDefinition["content"], readonly string[]>> = {
  n: ["bcd", "ascii", "ebcdic", "ebcdic-1047"],
  z: ["bcd", "ascii", "ebcdic", "ebcdic-1047"],
  xn: ["bcd", "ascii", "ebcdic", "ebcdic-1047"],
  an: ["ascii", "ebcdic", "ebcdic-1047", "gbk"],
  ans: ["ascii", "ebcdic", "ebcdic-1047", "gbk"],
  b: ["binary", "hex"],
};

/** What settings of one field, each allowed by itself, cannot be together. */
function conflicts(field: FieldDefinition): string[] {
  const { content, encoding, length, structure: inner } = field;
  const found: string[] = [];
  if (!ENCODINGS[content].includes(encoding)) found.push(`${content} cannot be in ${encoding}`);
  if (content === "xn" && length < 2) found.push("a sign and digits need a length of 2");
  if (field.prefix !== undefined && largest(field) > capacity(field.prefix)) {
    found.push("the length before the field cannot tell its longest content");
  }
  const kind = inner === "tlv" ? "ber" : inner !== undefined && "kind" in inner ? inner.kind : "";
  if (kind !== "" && kind !== "tags" && content !== "b") found.push(`${kind} needs content b`);
  if (field.privacy === "chip" && (content !== "b" || kind === "")) {
    found.push("chip data need content b and their structure");
  }
  if (field.privacy === "parts" && inner === undefined) found.push("there are no parts to tell");
  return found;
}

/** What the length before the longest content says. */
function largest({ content, encoding, length, prefix: told }: FieldDefinition): number {
  if (told?.unit !== "bytes") return length;
  if (encoding === "bcd") return content === "xn" ? 1 + (length >> 1) : (length + 1) >> 1;
  return encoding === "hex" ? length * 2 : length;
}

function capacity({ digits, encoding }: Prefix): number {
  return (encoding === "binary" ? 256 : 10) ** digits - 1;
}

/** Rules speak of fields that the table has. */
function unknownFields(table: SpecTable, found: Found): void {
  const check = (path: Path, field: string): void => {
    if (table.fields[Number(field)] === undefined) report(found, path, `no field ${field}`);
  };
  for (const [index, one] of table.rules.entries()) {
    const path = ["rules", `${index}`, one.name];
    for (const field of fieldsOfRule(one)) check(path, field);
  }
}

function fieldsOfRule(one: MessageRule): string[] {
  const conditions = one.when.flatMap((when) => [
    when.probe.field,
    ...(when.mandatory ?? []),
    ...(when.forbidden ?? []),
  ]);
  const probes = one.match.map((match) => match.field);
  return [...probes, ...one.mandatory, ...one.forbidden, ...conditions];
}

/** Everything that keeps a table from being a spec; empty if nothing. */
export function checkTable(table: unknown): readonly SpecProblem[] {
  const found: Found = { problems: [] };
  const bits = isRecord(table) && typeof table.bits === "number" ? table.bits : 64;
  const shape = object(
    {
      name: matching(/^[a-z0-9][a-z0-9.-]{0,39}$/, "lower-case letters, digits, dots and dashes"),
      mti: oneOf("bcd", "ascii", "ebcdic"),
      bitmap: oneOf("binary", "hex", "hex-ebcdic"),
      bits: oneOf(64, 128, 192),
      // Bit 1 says whether a second bitmap follows: no spec has a field there.
      fields: fieldTable(0, 2, bits),
      rules: listOf(rule),
    },
    { third: oneOf("after-second", "field-65") },
  );
  allOf(shape, (value, _path, into) => {
    const whole = value as SpecTable;
    if (whole.bits === 192 && whole.fields[65] !== undefined) {
      report(into, ["fields", "65"], "is the third bitmap");
    }
    if (whole.third !== undefined && whole.bits !== 192) report(into, ["third"], "needs 192 bits");
    unknownFields(whole, into);
  })(table, [], found);
  return found.problems;
}
