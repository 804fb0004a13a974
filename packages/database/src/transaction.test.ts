import assert from "node:assert/strict";
import { test } from "node:test";
import { inTransaction, sqlState, type Sql } from "./index.ts";

function refusal(code: string): Error {
  return Object.assign(new Error("refused"), { code });
}

function recorder(): { sql: Sql; said: string[] } {
  const said: string[] = [];
  const sql: Sql = {
    query: async (text) => {
      said.push(text);
      return { rows: [], rowCount: 0 };
    },
  };
  return { sql, said };
}

test("what runs stands between begin and commit", async () => {
  const { sql, said } = recorder();
  const result = await inTransaction(sql, async () => {
    await sql.query("work");
    return 7;
  });
  assert.equal(result, 7);
  assert.deepEqual(said, ["begin", "work", "commit"]);
});

test("a serialisation failure and a deadlock are run again, other errors are not", async () => {
  for (const [code, runs] of [
    ["40001", 3],
    ["40P01", 3],
    ["23505", 1],
    ["ECONNRESET", 1],
  ] as const) {
    const { sql, said } = recorder();
    let count = 0;
    const run = inTransaction(
      sql,
      async () => {
        count += 1;
        if (count < 3) throw refusal(code);
        return count;
      },
      { attempts: 5 },
    );
    if (runs === 1) await assert.rejects(run, { code });
    else assert.equal(await run, 3);
    assert.equal(count, runs);
    assert.equal(said.filter((text) => text === "rollback").length, runs === 1 ? 1 : 2);
  }
});

test("a conflict that does not end is handed over after the attempts, with a pause before each", async () => {
  const { sql } = recorder();
  const pauses: number[] = [];
  const run = async (): Promise<never> => {
    throw refusal("40001");
  };
  const between = async (attempt: number): Promise<void> => {
    pauses.push(attempt);
  };
  await assert.rejects(inTransaction(sql, run, { attempts: 3, between }), { code: "40001" });
  assert.deepEqual(pauses, [1, 2]);
});

test("the error that explains survives a rollback that fails too", async () => {
  const sql: Sql = {
    query: async (text) => {
      if (text === "rollback") throw new Error("gone");
      return { rows: [], rowCount: 0 };
    },
  };
  await assert.rejects(
    inTransaction(sql, async () => {
      throw new Error("first");
    }),
    /first/,
  );
});

test("a commit that the server turns into a rollback is an error", async () => {
  const sql: Sql = {
    query: async (text) =>
      Object.assign({ rows: [], rowCount: 0 }, { command: text === "commit" ? "ROLLBACK" : "" }),
  };
  await assert.rejects(
    inTransaction(sql, async () => 1),
    /rolled back/,
  );
});

test("an SQLSTATE is told from a system's error code", () => {
  assert.equal(sqlState(refusal("40001")), "40001");
  assert.equal(sqlState(refusal("P0001")), "P0001");
  assert.equal(sqlState(refusal("EPIPE")), undefined);
  assert.equal(sqlState(new Error("no code")), undefined);
});
