import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { migrate, SIDES, type Migration } from "@tillway/database";
import { ledgerTables } from "@tillway/ledger";
import { withClient, type Database } from "./pool.ts";

const folder = join(import.meta.dirname, "migrations");

/** The ledger's tables come as text from their package, as a migration of ours. */
const LEDGER: Migration = { number: 2, name: "ledger", sql: ledgerTables(SIDES.issuer.schema) };

/** The issuer's migrations in their order: files `NNN-name.sql` beside this, and the ledger's. */
export function migrations(): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .map((file) => ({
      number: Number.parseInt(file.slice(0, 3), 10),
      name: file.slice(4, -4),
      sql: readFileSync(join(folder, file), "utf8"),
    }));
  return [...files, LEDGER].sort((one, other) => one.number - other.number);
}

/** Brings the schema up to date; how many migrations were applied. */
export function migrateIssuer(database: Database, now: number): Promise<number> {
  return withClient(database, (sql) =>
    migrate(sql, { ...SIDES.issuer, migrations: migrations(), now }),
  );
}
