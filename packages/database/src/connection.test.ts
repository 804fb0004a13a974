import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bigintOf,
  connectionUrl,
  dayPartition,
  prepared,
  SIDES,
  sqlName,
  textOf,
} from "./index.ts";

const optionsOf = (url: string): string | null => new URL(url).searchParams.get("options");

test("the address of a side carries its role and schema", () => {
  const url = connectionUrl("postgres://me@localhost/tillway", SIDES.issuer);
  assert.equal(optionsOf(url), "-c role=tillway_issuer -c search_path=issuer");
});

test("what the address already says is kept", () => {
  const given = "postgres://me@localhost/tillway?options=-c%20jit%3Doff&sslmode=require";
  const url = connectionUrl(given, SIDES.acquirer);
  assert.equal(optionsOf(url), "-c jit=off -c role=tillway_acquirer -c search_path=acquirer");
  assert.equal(new URL(url).searchParams.get("sslmode"), "require");
});

test("a name that could be more than a name is refused", () => {
  for (const name of ["a b", 'a"', "a;drop", "", "A", "1a"]) {
    assert.throws(() => sqlName(name), RangeError);
  }
  assert.throws(() => dayPartition("entry", "2026-1-1"), RangeError);
  assert.equal(dayPartition("entry", "2026-01-31"), "entry_20260131");
});

test("a statement with values is prepared once under one name", async () => {
  const said: unknown[] = [];
  const sql = prepared({
    query: async (statement: unknown) => {
      said.push(statement);
      return { rows: [], rowCount: 0 };
    },
  });
  await sql.query("begin");
  await sql.query("select $1", [1]);
  await sql.query("select $1", [2]);
  await sql.query("select $1 + 1", [2]);
  assert.deepEqual(said, [
    "begin",
    { name: "s1", text: "select $1", values: [1] },
    { name: "s1", text: "select $1", values: [2] },
    { name: "s2", text: "select $1 + 1", values: [2] },
  ]);
});

test("a column of another type is named, its value is not", () => {
  assert.equal(bigintOf({ amount: "-12" }, "amount"), -12n);
  assert.throws(
    () => textOf({ pan: 6226 }, "pan"),
    (error) =>
      error instanceof TypeError && /pan/.test(error.message) && !/6226/.test(error.message),
  );
});
