import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cups,
  decode,
  defineSpec,
  encode,
  fieldsOf,
  iso87Ascii,
  iso93Binary,
  MessageError,
  unionpayPos,
  varySpec,
  type FieldsOf,
  type MessageOf,
} from "./index.ts";

/** True only if each type may stand for the other; a wrong line below does not compile. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;
type Has<S, Field extends string> = Field extends keyof FieldsOf<S> ? true : false;

/** Whether a value of this type may be passed as a message of the spec. */
type Accepts<S, M> = M extends MessageOf<S> ? true : false;

const name = { en: "x", zh: "x" };
const small = defineSpec({
  name: "small",
  mti: "ascii",
  bitmap: "binary",
  bits: 64,
  rules: [],
  fields: {
    3: { name, content: "n", encoding: "ascii", length: 6 },
    11: { name, content: "n", encoding: "ascii", length: 6 },
  },
});

const facts: true[] = [
  true satisfies Same<FieldsOf<typeof small>, { "3"?: string; "11"?: string }>,
  true satisfies Same<Has<typeof unionpayPos, "64">, true>,
  true satisfies Same<Has<typeof unionpayPos, "70">, false>,
  true satisfies Same<Has<typeof cups, "70">, true>,
  true satisfies Same<Has<typeof cups, "65">, false>,
  true satisfies Same<Has<typeof iso87Ascii, "127">, true>,
  true satisfies Same<Has<typeof iso87Ascii, "129">, false>,
  true satisfies Same<Has<typeof iso93Binary, "56">, true>,
  true satisfies Same<Accepts<typeof small, { mti: string; fields: { "3": string } }>, true>,
  true satisfies Same<Accepts<typeof small, { mti: string; fields: { "3": number } }>, false>,
  true satisfies Same<Accepts<typeof small, { mti: string; fields: { "4": string } }>, false>,
  true satisfies Same<Parameters<typeof encode<"3">>[1]["fields"]["3"], string | undefined>,
  true satisfies Same<
    ReturnType<typeof fieldsOf<"3" | "11">>,
    Readonly<Partial<Record<"3" | "11", string>>>
  >,
];

test("the type of a message follows from its spec", () => {
  assert.equal(facts.length, 13);
  const fields: FieldsOf<typeof unionpayPos> = { "3": "000000", 11: "000001" };
  assert.equal(encode(unionpayPos, { mti: "0200", fields }).length, 16);
  const right: FieldsOf<typeof cups> = { "70": "301" };
  const bytes = encode(cups, { mti: "0800", fields: right });
  assert.equal(bytes.length, 23);
  const code: string | undefined = fieldsOf(cups, decode(cups, bytes))["70"];
  assert.equal(code, "301");
});

test("what escapes the types is refused when it happens", () => {
  const wrong: Record<string, string> = { "70": "301" };
  assert.throws(() => encode(unionpayPos, { mti: "0800", fields: wrong }), MessageError);
  const bad = { name, content: "n", encoding: "bcd", length: 2 } as const;
  assert.throws(() => varySpec(unionpayPos, { name: "bad", fields: { 65: bad } }), RangeError);
});
