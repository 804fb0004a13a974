/** The schema `acquirer`: its migrations, and the days that its tables must have room for. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureDays, migrate, SIDES, type Migration } from "@tillway/database";
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
