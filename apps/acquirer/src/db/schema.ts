/** The schema `acquirer`: its migrations, and the days that its tables must have room for. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { detachDaysBefore, ensureDays, migrate, SIDES, type Migration } from "@tillway/database";
import { ledgerTables, openDays } from "@tillway/ledger";
import { addDays } from "@tillway/money";
import type { Database } from "./pool.ts";

export const SCHEMA = SIDES.acquirer.schema;

const DAY_TABLES = ["transaction", "transaction_event", "kept_message", "refused_message"];
/** Days made ahead of the one that is asked for. */
const AHEAD = 3;

/** The ledger's tables are the ledger library's own; they landed as the third migration. */
const LEDGER = 3;

/** Every file has its number in its name, so that none moves when another comes. */
export function migrations(): Migration[] {
  const folder = join(import.meta.dirname, "migrations");
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  const own = files.map((name) => ({
    number: Number.parseInt(name, 10),
    name: name.slice(0, -".sql".length),
    sql: readFileSync(join(folder, name), "utf8"),
  }));
  const ledger = { number: LEDGER, name: "ledger", sql: ledgerTables(SCHEMA) };
  return [...own, ledger].sort((left, right) => left.number - right.number);
}

/** Brings the schema up to date; `now` in ms since the epoch. Returns how many were applied. */
export function migrateSchema(database: Database, now: number): Promise<number> {
  return database.use((sql) =>
    migrate(sql, { schema: SCHEMA, role: SIDES.acquirer.role, migrations: migrations(), now }),
  );
}

/** Makes sure that a business date has its partitions. Cheap once it has: asked before each write. */
export type Days = { readonly ensure: (date: string) => Promise<void> };

export function openDayKeeper(database: Database): Days {
  const known = new Map<string, Promise<void>>();
  const make = async (date: string): Promise<void> => {
    const dates = Array.from({ length: AHEAD + 1 }, (_, at) => addDays(date, at));
    await database.use(async (sql) => {
      await ensureDays(sql, SCHEMA, DAY_TABLES, dates);
      await openDays(sql, SCHEMA, dates);
    });
  };
  return {
    ensure: (date) => {
      const done = known.get(date);
      if (done) return done;
      const making = make(date);
      known.set(date, making);
      making.catch(() => known.delete(date));
      return making;
    },
  };
}

/** What keeps days from being detached, and how it is found. */
const KEEPERS = [
  ["a transaction is in flight", "select 1 from in_flight where business_date < $1 limit 1"],
  [
    "an advice is pending",
    "select 1 from advice where business_date < $1 and state = 'pending' limit 1",
  ],
  [
    "a batch is not settled",
    `select 1 from request_key k join terminal t on t.tid = k.terminal and t.batch = k.batch
      where k.business_date < $1 limit 1`,
  ],
] as const;

/**
 * Detaches the days before a date, with the keys that led to them: nothing of them can be asked for,
 * refunded or repeated any more. The books stay. Throws where something of them is still open.
 */
export function detachDays(database: Database, before: string): Promise<string[]> {
  return database.transaction(async (sql) => {
    for (const [what, query] of KEEPERS) {
      const found = await sql.query(query, [before]);
      if (found.rows.length > 0) throw new Error(`${what} on a day before ${before}`);
    }
    const gone = await detachDaysBefore(sql, SCHEMA, DAY_TABLES, before);
    await sql.query(
      `delete from request_key where business_date < $1
          or (business_date is null and created_at < $1::date)`,
      [before],
    );
    await sql.query("delete from advice where business_date < $1", [before]);
    await sql.query("delete from original where business_date < $1", [before]);
    return gone;
  });
}
