import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import fc from "fast-check";
import { encodeCommand, encodeResponse, parseCommand, parseResponse } from "./apdu.ts";

describe("commands and responses", () => {
  for (const [what, hex, le, length] of [
    ["header alone", "00840000", undefined, 0],
    ["header and expected length", "0084000008", 8, 0],
    ["expected length of any size", "00B2010C00", 256, 0],
    ["data", "0020008003010203", undefined, 3],
    ["data and expected length", "00A4040002010200", 256, 2],
  ] as const) {
    test(`${what} is read and written alike`, () => {
      const command = parseCommand(fromHex(hex));
      assert.ok(command);
      assert.equal(command.le, le);
      assert.equal(command.data.length, length);
      assert.equal(toHex(encodeCommand(command)), hex);
    });
  }

  for (const hex of ["", "00A404", "00A4040005010203", "00A40400010203FF", "00A404000000020102"]) {
    test(`${hex === "" ? "nothing" : hex} is no short command`, () => {
      assert.equal(parseCommand(fromHex(hex)), undefined);
    });
  }

  test("more than 255 bytes of data are a defect of the caller", () => {
    const data = new Uint8Array(256);
    assert.throws(() => encodeCommand({ cla: 0, ins: 0, p1: 0, p2: 0, data }), RangeError);
  });

  test("a response has its status word at the end", () => {
    assert.deepEqual(parseResponse(fromHex("01029000")), { data: fromHex("0102"), sw: 0x9000 });
    assert.equal(parseResponse(fromHex("90")), undefined);
    assert.equal(toHex(encodeResponse(0x6a82)), "6A82");
  });

  test("a command that can be read can be written to the same bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const command = parseCommand(bytes);
        if (command !== undefined) assert.deepEqual(encodeCommand(command), bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
