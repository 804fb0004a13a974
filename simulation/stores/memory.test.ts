import assert from "node:assert/strict";
import { test } from "node:test";
import { committed, Memory } from "./memory.ts";

test("a commit that fails leaves every row as it was", async () => {
  const memory = new Memory();
  const rows = memory.table<number>();
  memory.commit(() => rows.set("kept", 1));
  const failed = committed(memory, () => {
    rows.set("kept", 2);
    rows.set("kept", 3);
    rows.set("new", 4);
    rows.delete("kept");
    assert.equal(rows.add("kept", 5), true);
    throw new Error("no");
  });
  await assert.rejects(failed, /no/);
  assert.deepEqual(rows.entries(), [["kept", 1]]);
});

test("rows change in a commit only", () => {
  const rows = new Memory().table<number>();
  assert.throws(() => rows.set("a", 1), /in a commit/);
});
