import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { forT0 } from "./pcsc.ts";

test("over T=0 a command with data goes without Le, every other one as it is", () => {
  const cases = [
    ["00A4040007A000000003101000", "00A4040007A0000000031010"],
    ["00A4040007A0000000031010", "00A4040007A0000000031010"],
    ["80A8000002830000", "80A80000028300"],
    ["00B2010C00", "00B2010C00"],
    ["00C0000015", "00C0000015"],
    ["0082000000", "0082000000"],
    ["00820000", "00820000"],
  ] as const;
  for (const [command, carried] of cases) assert.equal(toHex(forT0(fromHex(command))), carried);
});
