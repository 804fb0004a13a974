import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import fc from "fast-check";
import {
  cardVerificationValue,
  chipServiceCode,
  decryptScriptData,
  encryptScriptData,
  naturalPin,
  pinChangeCommand,
  pinFromOffset,
  pinOffset,
  printedServiceCode,
  schemeRules,
  schemeVersions,
  scriptMac,
  usualIbm3624Rule,
  validationData,
  visPinBlock,
} from "./index.ts";

const key = fromHex("0123456789ABCDEFFEDCBA9876543210");

const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(..."0123456789".split("")), minLength, maxLength });

test("a PIN is its natural PIN and its offset, whatever its length", () => {
  fc.assert(
    fc.property(digits(12, 19), digits(4, 12), digits(16, 16), (pan, pin, decimalisation) => {
      const validation = validationData(pan, usualIbm3624Rule);
      const natural = naturalPin(key, validation, decimalisation, pin.length);
      const offset = pinOffset(natural, pin);
      assert.equal(offset.length, pin.length);
      assert.equal(pinFromOffset(natural, offset), pin);
    }),
  );
});

test("validation data are the part of the PAN that the rule names", () => {
  const rule = { ...usualIbm3624Rule, pad: "d" };
  assert.equal(validationData("6200001234567892", rule), "620000123456789D");
  assert.equal(validationData("6200001234567890123", rule), "0000123456789012");
  const front = { ...rule, start: 0, length: 15 };
  assert.equal(validationData("123456789012345", front), "123456789012345D");
  assert.throws(() => validationData("12345678901234", front), RangeError);
  assert.equal(
    validationData("123456789012345", { ...rule, start: 2, length: 4 }),
    "3456".padEnd(16, "D"),
  );
  const last = { ...rule, start: -4, length: 4 };
  assert.equal(validationData("123456789012345", last), "2345".padEnd(16, "D"));
  assert.throws(() => validationData("12x4", rule), RangeError);
  assert.throws(() => validationData("1234", { ...rule, pad: "?" }), RangeError);
  assert.throws(() => naturalPin(key, "0".repeat(16), "0123456789ABCDEF", 4), RangeError);
  assert.throws(() => pinOffset("1234", "12345"), RangeError);
});

test("the values of track, chip and print differ by their service code", () => {
  const pan = "4123456789012345";
  // The example of Thales's payShield manuals.
  assert.equal(cardVerificationValue(key, pan, "8701", "101"), "561");
  const values = ["101", chipServiceCode, printedServiceCode].map((code) =>
    cardVerificationValue(key, pan, "8701", code),
  );
  assert.equal(new Set(values).size, 3);
  assert.throws(() => cardVerificationValue(key, pan, "87011", "101"), RangeError);
  assert.throws(() => cardVerificationValue(key.subarray(8), pan, "8701", "101"), RangeError);
});

const transactions = fc.record({
  version: fc.constantFrom(...schemeVersions),
  atc: fc.uint8Array({ minLength: 2, maxLength: 2 }),
  cryptogram: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  unionpaySession: fc.constantFrom("pboc" as const, "emv-common" as const),
});

test("a card reads what its issuer hid in a script, and sees other data for what they are", () => {
  fc.assert(
    fc.property(transactions, fc.uint8Array({ maxLength: 40 }), (transaction, data) => {
      const hidden = encryptScriptData(key, transaction, data);
      assert.equal(hidden.length % 8, 0);
      const read = decryptScriptData(key, transaction, hidden);
      assert.ok(read !== undefined);
      // Where filling is added only when needed, it stays.
      assert.deepEqual(read.slice(0, data.length), data);
      assert.ok(read.length - data.length <= 8);
      assert.equal(decryptScriptData(key, transaction, hidden.subarray(1)), undefined);
      if (schemeRules[transaction.version].scriptCipher === "mastercard") return;
      // Another last block holds other data or no filling: each block stands for one clear block.
      const last = hidden.length - 1;
      const changed = hidden.map((byte, at) => (at === last ? byte ^ 1 : byte));
      assert.notDeepEqual(decryptScriptData(key, transaction, changed), data);
    }),
  );
});

test("any change of a script command changes its MAC", () => {
  const data = fc.uint8Array({ minLength: 1, maxLength: 24 });
  fc.assert(
    fc.property(transactions, data, fc.nat(), (transaction, bytes, place) => {
      const header = fromHex("84DA9F7910");
      const mac = toHex(scriptMac(key, transaction, header, bytes));
      const changed = bytes.map((byte, at) => (at === place % bytes.length ? byte ^ 4 : byte));
      assert.notEqual(toHex(scriptMac(key, transaction, header, changed)), mac);
      const other = { ...transaction, cryptogram: transaction.cryptogram.map((byte) => byte ^ 4) };
      if (transaction.version !== "unionpay" || transaction.unionpaySession === "emv-common") {
        assert.notEqual(toHex(scriptMac(key, other, header, bytes)), mac);
      }
    }),
  );
});

test("a PIN change with the current PIN says so and carries both", () => {
  // Values of pyemv's HSM tests, for the card keys of PAN 1234567890123456.
  const card = {
    ac: fromHex("154F349D8585CB7F6B0798E9839B10C1"),
    smi: fromHex("94F867167C64EF3EEAB0CB627A7A3480"),
    smc: fromHex("19296D4CD626859E8AADDF0B2AAB8FEA"),
  };
  const cases = [
    ["visa-10", "29CCA15AE665FA2E", "2EE025E554BCD87E11D2B6EBC396A939C4A8393B57DD2F3F"],
    ["visa-18", "7A788EA6B8A3E733", "2EE025E554BCD87E11D2B6EBC396A9390FB94A4E4EC10F41"],
    ["visa-22", "7A788EA6B8A3E733", "AD6CF0C44DD96B7323A1B51B694E99295A640C9E585FF059"],
  ] as const;
  for (const [version, cryptogram, expected] of cases) {
    const transaction = { version, atc: fromHex("001C"), cryptogram: fromHex(cryptogram) };
    const command = pinChangeCommand(card, transaction, "9999", "8888");
    assert.equal(toHex(command), `8424000118${expected}`, version);
  }
  assert.throws(() => visPinBlock(card.ac, "123"), RangeError);
  assert.throws(() => visPinBlock(card.ac, "1234", "1"), RangeError);
});
