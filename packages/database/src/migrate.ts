import { integerOf, textOf } from "./rows.ts";
import { sqlName, type Sql } from "./sql.ts";
import { inTransaction } from "./transaction.ts";

/** One step of a schema: numbered from 1 without gaps; never changed once released. */
export type Migration = { readonly number: number; readonly name: string; readonly sql: string };

export type MigrateOptions = {
  readonly schema: string;
  /** Owner of what the migrations make; the connection must be able to take this role. */
  readonly role: string;
  readonly migrations: readonly Migration[];
  /** Milliseconds since the epoch, kept beside each applied migration. */
  readonly now: number;
};

/** The database and the program do not fit together; the text says where. */
export class MigrationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MigrationError";
  }
}

type Applied = { readonly number: number; readonly name: string; readonly checksum: string };

/**
 * Brings a schema up to date on one connection and returns how many migrations were applied.
 * Only one caller works at a time; others wait and then find nothing to do. Each migration is one
 * transaction. Throws MigrationError where an applied migration was changed or is unknown here.
 */
export async function migrate(sql: Sql, options: MigrateOptions): Promise<number> {
  const schema = sqlName(options.schema);
  const role = sqlName(options.role);
  checkNumbers(options.migrations);
  const lock = [`tillway.migrate.${schema}`];
  await sql.query("select pg_advisory_lock(hashtext($1))", lock);
  try {
    const inSchema = <T>(run: () => Promise<T>): Promise<T> =>
      inTransaction(sql, async () => {
        await sql.query(`set local role ${role}; set local search_path to ${schema}`);
        return run();
      });
    const applied = await inSchema(() => readApplied(sql, schema));
    const checksums = await checksumsOf(sql, options.migrations);
    checkApplied(applied, options.migrations, checksums);
    const missing = options.migrations.slice(applied.length);
    for (const migration of missing) {
      await inSchema(async () => {
        await sql.query(migration.sql);
        await sql.query(
          `insert into ${schema}.migration (number, name, checksum, applied_at)
           values ($1, $2, $3, to_timestamp($4::double precision / 1000))`,
          [migration.number, migration.name, checksums[migration.number - 1], options.now],
        );
      });
    }
    return missing.length;
  } finally {
    // A lost connection has released the lock by itself.
    await sql.query("select pg_advisory_unlock(hashtext($1))", lock).catch(() => undefined);
  }
}

function checkNumbers(migrations: readonly Migration[]): void {
  for (const [at, migration] of migrations.entries()) {
    if (migration.number !== at + 1) {
      throw new MigrationError(`migration ${at + 1} is missing: ${migration.number} stands there`);
    }
  }
}

async function readApplied(sql: Sql, schema: string): Promise<Applied[]> {
  await sql.query(`create table if not exists ${schema}.migration (
    number integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null
  )`);
  const found = await sql.query(
    `select number, name, checksum from ${schema}.migration order by number`,
  );
  return found.rows.map((row) => ({
    number: integerOf(row, "number"),
    name: textOf(row, "name"),
    checksum: textOf(row, "checksum"),
  }));
}

/** SHA-256 of each text, by the server: line ends are made alike first, as checkouts differ. */
async function checksumsOf(sql: Sql, migrations: readonly Migration[]): Promise<string[]> {
  const found = await sql.query(
    `select encode(sha256(convert_to(t.sql, 'UTF8')), 'hex') as checksum
       from unnest($1::text[]) with ordinality as t (sql, at) order by t.at`,
    [migrations.map((migration) => migration.sql.replaceAll("\r\n", "\n"))],
  );
  return found.rows.map((row) => textOf(row, "checksum"));
}

function checkApplied(
  applied: readonly Applied[],
  migrations: readonly Migration[],
  checksums: readonly string[],
): void {
  for (const [at, known] of applied.entries()) {
    const label = `migration ${known.number} (${known.name})`;
    if (known.number !== at + 1) {
      throw new MigrationError(`the database lacks migration ${at + 1} but has ${label}`);
    }
    if (migrations[at] === undefined) {
      throw new MigrationError(`the database has ${label}, unknown to this older program`);
    }
    if (known.checksum !== checksums[at]) {
      throw new MigrationError(`${label} was changed after it had been applied`);
    }
  }
}
