import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formsOf, scan, type Secret } from "./scan.ts";

const digit = fc.constantFrom(..."0123456789");
const secret = fc.array(digit, { minLength: 12, maxLength: 19 }).map((all) => all.join(""));

test("a scan finds digits in every form, wherever they stand", () => {
  fc.assert(
    fc.property(
      secret,
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }),
      (digits, before, after) => {
        const one: Secret = { name: "secret", digits };
        for (const form of formsOf(one)) {
          const content = Buffer.concat([before, form.bytes, after]);
          assert.ok(scan("here", content, [one]).length > 0, form.name);
        }
        const base64 = Buffer.concat([before, Buffer.from(digits), after]).toString("base64");
        assert.ok(
          scan("here", Buffer.from(base64), [one]).length > 0,
          "inside a longer base64 text",
        );
        const bcd = Buffer.from(`${digits}${digits.length % 2 ? "F" : ""}`, "hex");
        assert.ok(scan("here", Buffer.concat([before, bcd, after]), [one]).length > 0, "BCD");
        const shifted = Buffer.from(`0${digits}${digits.length % 2 ? "" : "F"}`, "hex");
        assert.ok(scan("here", shifted, [one]).length > 0, "BCD at the other alignment");
      },
    ),
    { numRuns: 50 },
  );
});

test("a scan finds nothing where nothing is", () => {
  assert.deepEqual(
    scan("here", Buffer.from("621626*********0018"), [
      { name: "pan", digits: "6216261000000000018" },
    ]),
    [],
  );
});
