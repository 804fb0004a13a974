import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode, MessageError, unionpayPos, type Decoded } from "@tillway/iso8583";
import fc from "fast-check";
import { readablePart, withoutAmount } from "./partial.ts";

const fields = {
  "3": "000000",
  "4": "000000002580",
  "11": "000042",
  "22": "022",
  "25": "00",
  "41": "10000001",
  "42": "898290058120001",
  "49": "156",
  "60": "2200000100050",
};
const whole = encode(unionpayPos, { mti: "0200", fields });

function failure(payload: Uint8Array): MessageError | undefined {
  try {
    decode(unionpayPos, payload);
  } catch (error) {
    if (error instanceof MessageError) return error;
    throw error;
  }
  return undefined;
}

const readable = (payload: Uint8Array): Decoded | undefined => {
  const error = failure(payload);
  return error && readablePart(payload, error);
};

test("of a message that is cut anywhere the fields before the cut are read", () => {
  for (let length = 10; length < whole.length; length += 1) {
    const part = readable(whole.subarray(0, length));
    assert.ok(part, `${length} bytes`);
    assert.equal(part.mti, "0200");
    for (const [number, value] of Object.entries(part.fields)) {
      assert.equal(value, Reflect.get(fields, number));
    }
  }
});

test("of a message with bytes left over everything is read", () => {
  assert.deepEqual(readable(Buffer.concat([whole, Buffer.from([1, 2])]))?.fields, fields);
});

test("the bytes that were given are never changed, whatever kind of array they are", () => {
  const spoilt = Buffer.from(whole);
  spoilt[13] = 0xab;
  const before = Buffer.from(spoilt);
  const error = failure(spoilt);
  assert.equal(error?.path[0], "4");
  assert.equal(error && withoutAmount(spoilt, error)?.fields["4"], "000000000000");
  assert.deepEqual(spoilt, before);
});

test("an amount is not blanked where something else is wrong too", () => {
  const spoilt = Buffer.from(whole);
  spoilt[13] = 0xab;
  const cut = spoilt.subarray(0, spoilt.length - 1);
  const error = failure(cut);
  assert.equal(error && withoutAmount(cut, error), undefined);
});

test("no bytes make it throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      readable(bytes);
      const after = Uint8Array.from([...whole.subarray(0, 10), ...bytes]);
      const error = failure(after);
      if (error) withoutAmount(after, error);
    }),
  );
});
