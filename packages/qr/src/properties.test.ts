import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  buildConsumerCode,
  buildMerchantCode,
  crcOf,
  type DataObject,
  describe,
  inspectConsumerCode,
  inspectMerchantCode,
  type MerchantTerms,
  parseConsumerCode,
  parseMerchantCode,
  QrError,
  readCode,
  type SystemTemplate,
  type Tlv,
  writeConsumerCode,
  writeMerchantCode,
} from "./index.ts";

const known: Readonly<Record<string, number>> = { "156": 2, "392": 0, "048": 3 };
const options = { decimals: (currency: string) => known[currency] };

const characters = (set: string): fc.Arbitrary<string> => fc.constantFrom(...set);
const digits = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: characters("0123456789"), minLength: length, maxLength: length });
const ascii = (most: number): fc.Arbitrary<string> =>
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: most });
/** Chinese and others, beyond the basic plane too. */
const anyText = (most: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: "binary", minLength: 1, maxLength: most })
    .filter((text) => text.isWellFormed() && !/\p{Cc}/u.test(text) && [...text].length <= most);

const idsIn = (from: number, to: number): fc.Arbitrary<string> =>
  fc.integer({ min: from, max: to }).map((id) => String(id).padStart(2, "0"));
const distinct = <T extends { readonly id: string }>(one: fc.Arbitrary<T>, most: number) =>
  fc
    .uniqueArray(one, { maxLength: most, selector: ({ id }) => id })
    .map((all) => all.toSorted((left, right) => (left.id < right.id ? -1 : 1)));

const dataIn = (from: number, to: number): fc.Arbitrary<DataObject[]> =>
  distinct(fc.record({ id: idsIn(from, to), value: anyText(8) }), 2);
const system = (from: number, to: number): fc.Arbitrary<SystemTemplate> =>
  fc.record({ id: idsIn(from, to), guid: ascii(10), data: dataIn(1, 99) });

const filled = <T extends object>(some: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  some.filter((one) => Object.keys(one).length > 0);
const nonEmpty = <T>(some: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> =>
  some.filter((all) => all.length > 0);

const tip = fc.oneof(
  fc.constant({ kind: "prompt" } as const),
  fc.record({ kind: fc.constant("fixed" as const), amount: fc.bigInt(1n, 999_999_999n) }),
  fc.record({ kind: fc.constant("percentage" as const), basisPoints: fc.bigInt(1n, 9999n) }),
);

const additional = filled(
  fc.record(
    {
      billNumber: ascii(8),
      referenceLabel: ascii(8),
      terminalLabel: ascii(8),
      consumerDataRequest: fc.constantFrom("A", "ME", "EMA"),
      channel: digits(3),
      reserved: nonEmpty(dataIn(12, 49)),
      systems: nonEmpty(distinct(system(50, 99), 1)),
    },
    { requiredKeys: [] },
  ),
).filter((data) => {
  const { reserved = [], systems = [], ...labels } = data;
  const inSystems = systems.flatMap((one) => [...one.guid, ..."0000", ...one.data.flatMap(flat)]);
  const size = [...reserved.flatMap(flat), ...inSystems, ...Object.values(labels).flatMap(four)];
  return size.length + systems.length * 4 <= 99;
});

function four(text: string): string[] {
  return [..."0000", ...text];
}
function flat({ value }: DataObject): string[] {
  return typeof value === "string" ? four(value) : [];
}

const accounts = fc
  .tuple(
    distinct(fc.record({ id: idsIn(2, 25), number: ascii(12) }), 2),
    distinct(system(26, 51), 2),
  )
  .map((both) => both.flat())
  .filter((all) => all.length > 0);

const terms: fc.Arbitrary<MerchantTerms> = fc.record(
  {
    initiation: fc.constantFrom("static" as const, "dynamic" as const),
    accounts,
    category: digits(4),
    currency: fc.constantFrom("156", "392", "048"),
    amount: fc.bigInt(1n, 99_999_999_999n),
    tip,
    country: fc.constantFrom("CN", "JP", "BH"),
    name: ascii(20),
    city: ascii(15),
    postalCode: ascii(10),
    additional,
    otherLanguage: fc.record(
      {
        language: fc.constantFrom("ZH", "ja"),
        name: anyText(20),
        city: anyText(15),
        reserved: nonEmpty(dataIn(3, 99)),
      },
      { requiredKeys: ["language", "name"] },
    ),
    reserved: nonEmpty(dataIn(65, 79)),
    unreserved: nonEmpty(distinct(system(80, 99), 1)),
  },
  { requiredKeys: ["accounts", "category", "currency", "country", "name", "city"] },
);

const texts = terms.map((some) => buildMerchantCode(some, options));

test("parse gives back the terms that build was given", () => {
  fc.assert(
    fc.property(terms, (some) => {
      const { terms: read, objects } = parseMerchantCode(buildMerchantCode(some, options), options);
      assert.deepEqual(read, structuredClone(some));
      assert.equal(writeMerchantCode(objects), buildMerchantCode(read, options));
    }),
  );
});

test("objects in any order are written back to the text they were read from", () => {
  fc.assert(
    fc.property(texts, fc.infiniteStream(fc.nat()), (text, ranks) => {
      const [first, ...others] = parseMerchantCode(text, options).objects;
      const ranked = others.map((object) => ({ object, rank: ranks.next().value ?? 0 }));
      ranked.sort((left, right) => left.rank - right.rank);
      const shuffled = writeMerchantCode([first!, ...ranked.map(({ object }) => object)]);
      const read = parseMerchantCode(shuffled, options);
      assert.equal(writeMerchantCode(read.objects), shuffled);
      assert.deepEqual(read.terms, parseMerchantCode(text, options).terms);
      assert.equal(buildMerchantCode(read.terms, options), text);
    }),
  );
});

/** Another printable character in place of one; one byte or two neighbouring bytes change. */
test("any change of one character is refused", () => {
  fc.assert(
    fc.property(texts, fc.nat(), fc.integer({ min: 0x20, max: 0x7e }), (text, place, code) => {
      const all = [...text];
      const at = place % all.length;
      const before = all[at]!;
      // A change within 16 bits is always caught: of ASCII any, beyond it one of the last byte.
      const point = before.codePointAt(0)!;
      const after = String.fromCodePoint(point < 0x80 ? code : point ^ 0x20);
      fc.pre(after !== before && (point < 0x80 || point >= 0x800) && after.isWellFormed());
      const changed = all.with(at, after).join("");
      assert.throws(() => inspectMerchantCode(changed, options), QrError);
    }),
    { numRuns: 300 },
  );
});

/** Runs a reader: it answers, or throws a QrError whose place is within the text. */
function survives(read: () => unknown, text: string): void {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof QrError, String(error));
    assert.ok(error.offset >= 0 && error.offset <= text.length, `${error.offset}`);
  }
}

test("random and mutated texts are read or refused with a QrError, described alike", () => {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(6), anyText(4)), { maxLength: 3 });
  const mutated = fc.tuple(texts, edits, fc.boolean()).map(([text, all, seal]) => {
    const changed = all.reduce((current, [place, cut, put]) => {
      const at = place % (current.length + 1);
      return current.slice(0, at) + put + current.slice(at + cut);
    }, text);
    // Half of them under a right CRC, so that what lies behind it is reached.
    return seal ? reseal(changed) : changed;
  });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string({ unit: "binary" }), fc.string()), (text) => {
      survives(() => parseMerchantCode(text, options), text);
      survives(() => inspectConsumerCode(text), text);
      survives(() => describe(readCode(text, options)), text);
      survives(() => {
        const { objects } = inspectMerchantCode(text, options);
        assert.equal(writeMerchantCode(objects), text);
      }, text);
    }),
    { numRuns: 500 },
  );
});

/** The text with the CRC of what stands before its last eight characters. */
function reseal(text: string): string {
  const body = `${[...text].slice(0, -8).join("")}6304`;
  return body + crcOf(body);
}

const hex = (least: number, most: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: least, maxLength: most })
    .map((bytes) => Buffer.from(bytes).toString("hex").toUpperCase());
const element = (tag: string, value: fc.Arbitrary<string>): fc.Arbitrary<Tlv> =>
  fc.record({ tag: fc.constant(tag), value });
const subset = (...all: fc.Arbitrary<Tlv>[]): fc.Arbitrary<Tlv[]> =>
  fc
    .tuple(...all.map((one) => fc.option(one, { nil: undefined })))
    .map((some) => some.flatMap((one) => one ?? []));

const chip = subset(
  element("9F26", hex(8, 8)),
  element("9F27", hex(1, 1)),
  element("9F10", hex(1, 32)),
  element("9F36", hex(2, 2)),
  element("9F37", hex(4, 4)),
  element("82", hex(2, 2)),
  element("DF8101", hex(0, 20)),
);
const card = subset(
  element("5A", digits(16)),
  element(
    "57",
    fc.tuple(digits(16), digits(15)).map(([pan, more]) => `${pan}D${more}`.padEnd(32, "F")),
  ),
  element("5F34", digits(2)),
);
const application: fc.Arbitrary<Tlv> = fc
  .tuple(element("4F", hex(5, 16)), card, chip)
  .map(([aid, own, inner]) => ({ tag: "61", value: [aid, ...own, { tag: "63", value: inner }] }));
const elements: fc.Arbitrary<Tlv[]> = fc
  .tuple(
    fc.array(application, { minLength: 1, maxLength: 2 }),
    fc.option(
      fc.tuple(card, chip).map(([own, inner]) => ({
        tag: "62",
        value: [...own, { tag: "64", value: inner }],
      })),
      { nil: undefined },
    ),
  )
  .map(([applications, common]): Tlv[] => [
    ...applications,
    ...(common === undefined ? [] : [common]),
  ])
  .filter((all) => writeConsumerCode(all).length <= 512);

test("parse gives back the elements that build was given, build the text that was parsed", () => {
  fc.assert(
    fc.property(elements, (all) => {
      const text = buildConsumerCode(all);
      const code = parseConsumerCode(text);
      assert.deepEqual(code.elements, structuredClone(all));
      assert.equal(buildConsumerCode(code.elements), text);
      assert.equal(code.applications.length, all.filter(({ tag }) => tag === "61").length);
    }),
  );
});

test("mutated consumer codes are read, with one text for what was read, or refused", () => {
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(elements, edits, fc.nat(), (all, changes, cut) => {
      const bytes = Buffer.from(writeConsumerCode(all), "base64");
      for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
      const shorter = bytes.subarray(0, cut % 3 === 0 ? cut % bytes.length : bytes.length);
      const text = shorter.toString("base64");
      survives(() => {
        const { elements: read } = inspectConsumerCode(text);
        assert.equal(writeConsumerCode(read), text);
      }, text);
      survives(() => parseConsumerCode(text), text);
    }),
    { numRuns: 500 },
  );
});
