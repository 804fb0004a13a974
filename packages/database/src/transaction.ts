import { sqlState, type Sql } from "./sql.ts";

/** How often a transaction is begun before its conflict is handed to the caller. */
export type Retry = {
  readonly attempts: number;
  /** Waits before the next attempt (a back-off); by default there is no wait. */
  readonly between?: (attempt: number) => Promise<void>;
};

/** Whether the server gave the transaction up for another one's sake: run again, it may succeed. */
export function isConflict(error: unknown): boolean {
  const state = sqlState(error);
  return state === "40001" || state === "40P01";
}

/**
 * Runs something between `begin` and `commit` on one connection, again on a serialisation failure
 * (40001) or a deadlock (40P01). `run` must therefore have no effect besides its statements.
 * Any other error rolls back and is thrown. When the connection is lost at the commit the outcome
 * is unknown: read it again by its natural key.
 */
export async function inTransaction<T>(
  sql: Sql,
  run: () => Promise<T>,
  retry: Retry = { attempts: 5 },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(sql, run);
    } catch (error) {
      if (attempt >= retry.attempts || !isConflict(error)) throw error;
      await retry.between?.(attempt);
    }
  }
}

async function once<T>(sql: Sql, run: () => Promise<T>): Promise<T> {
  await sql.query("begin");
  let result: T;
  try {
    result = await run();
  } catch (error) {
    // A lost connection rolls back by itself; the error of `run` is the one that explains.
    await sql.query("rollback").catch(() => undefined);
    throw error;
  }
  const end = await sql.query("commit");
  // A transaction that failed inside answers COMMIT with ROLLBACK and no error: nothing was stored.
  if ("command" in end && end.command === "ROLLBACK") {
    throw new Error("the transaction was rolled back: a statement in it had failed");
  }
  return result;
}
