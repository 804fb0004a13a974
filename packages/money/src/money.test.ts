import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  addDays,
  businessDate,
  currency,
  CURRENCIES,
  formatMajor,
  luhnValid,
  maskPan,
  nearestPastDate,
  nearestPastInstant,
  parseMajor,
  portion,
  uuidv7,
} from "./index.ts";

const cny = currency("CNY")!;

test("an amount is read and shown with the decimals of its currency", () => {
  assert.equal(parseMajor("25.80", cny)?.minor, 2580n);
  assert.equal(parseMajor("25.8", cny)?.minor, 2580n);
  assert.equal(parseMajor("25", cny)?.minor, 2500n);
  assert.equal(parseMajor("1000", currency("392")!)?.minor, 1000n);
  for (const wrong of ["", "-1", "1.234", "1,00", "0x1", " 1", "1.", ".5", "1e3", "１"]) {
    assert.equal(parseMajor(wrong, cny), undefined, wrong);
  }
});

test("reading what was shown gives the same amount, in every currency", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 99_999_999_999n }),
      fc.constantFrom(...CURRENCIES),
      (minor, of) => {
        assert.equal(parseMajor(formatMajor({ minor, currency: of }), of)?.minor, minor);
      },
    ),
  );
});

test("a portion is rounded half away from zero", () => {
  assert.equal(portion(2580n, 6000n), 15n);
  assert.equal(portion(2500n, 6000n), 15n);
  assert.equal(portion(75n, 6667n), 1n);
  assert.equal(portion(-2580n, 6000n), -15n);
  assert.equal(portion(1n, 500_000n), 1n);
  assert.equal(portion(1n, 499_999n), 0n);
});

test("a card number shows its first six and last four digits at most", () => {
  assert.equal(maskPan("6216261000000000018"), "621626*********0018");
  assert.equal(maskPan("4761739001010010"), "476173******0010");
  assert.equal(maskPan("123456789012"), "************");
  assert.equal(luhnValid("4761739001010010"), true);
  assert.equal(luhnValid("4761739001010011"), false);
});

test("a date without a year is the nearest past one", () => {
  assert.equal(nearestPastDate("1231", "2027-01-01"), "2026-12-31");
  assert.equal(nearestPastDate("0101", "2027-01-01"), "2027-01-01");
  assert.equal(nearestPastDate("0229", "2027-03-01"), "2024-02-29");
  assert.equal(nearestPastDate("0231", "2027-03-01"), undefined);
  const newYear = Date.parse("2027-01-01T00:00:05Z");
  assert.equal(nearestPastInstant("1231235959", newYear), Date.parse("2026-12-31T23:59:59Z"));
  assert.equal(nearestPastInstant("0101000006", newYear, 5000), newYear + 1000);
  assert.equal(nearestPastInstant("0101000006", newYear), Date.parse("2026-01-01T00:00:06Z"));
});

test("the business date changes at the cut-over of its zone", () => {
  const calendar = { zone: "Asia/Shanghai", cutOver: "23:00" };
  assert.equal(businessDate(Date.parse("2026-12-31T14:59:59Z"), calendar), "2026-12-31");
  assert.equal(businessDate(Date.parse("2026-12-31T15:00:00Z"), calendar), "2027-01-01");
  assert.equal(businessDate(Date.parse("2026-12-31T16:30:00Z"), calendar), "2027-01-01");
  assert.equal(addDays("2028-02-28", 1), "2028-02-29");
});

test("a UUID of version 7 sorts by time and carries its version and variant", () => {
  const early = uuidv7(1_700_000_000_000, new Uint8Array(10).fill(255));
  const late = uuidv7(1_700_000_000_001, new Uint8Array(10));
  assert.ok(early < late);
  assert.match(early, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("every currency is found by its letters and its number, each once", () => {
  assert.equal(new Set(CURRENCIES.flatMap(({ code, numeric }) => [code, numeric])).size, 2 * 164);
  for (const one of CURRENCIES) {
    assert.match(one.code + one.numeric, /^[A-Z]{3}\d{3}$/);
    assert.equal(currency(one.code), currency(one.numeric));
  }
  const decimals = ["VND", "BRL", "KWD", "CLF"].map((code) => currency(code)?.decimals);
  assert.deepEqual(decimals, [0, 2, 3, 4]);
  assert.equal(currency("XAU"), undefined);
});
