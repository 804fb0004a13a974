import assert from "node:assert/strict";
import { test } from "node:test";
import { choice, ConfigurationError, port, readConfiguration, sharedSettings } from "./index.ts";

test("left out and empty variables take their defaults", () => {
  const read = readConfiguration(sharedSettings, { TILLWAY_DATA: "" });
  assert.equal(read.TILLWAY_DATA, ".tillway");
  assert.equal(read.TILLWAY_POS_PORT, 8583);
  assert.equal(read.DATABASE_URL, undefined);
});

test("every bad value is named with what is allowed, and none is repeated", () => {
  const settings = { A: port("a", 1), B: choice("b", "x", ["x", "y"]), C: port("c", 2) };
  assert.throws(
    () => readConfiguration(settings, { A: "70000", B: "secret", C: "3" }),
    (error) => {
      assert.ok(error instanceof ConfigurationError);
      assert.deepEqual(error.problems, [
        "A: must be a whole number from 1 to 65535",
        "B: must be one of x, y",
      ]);
      assert.ok(!error.message.includes("secret"));
      return true;
    },
  );
  assert.throws(() => readConfiguration({ A: port("a", 1) }, { A: "80 80" }), ConfigurationError);
});
