/** Reads a backup back: first its files, then its rows, in one database transaction. */
import { createWriteStream, existsSync, mkdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { json } from "node:stream/consumers";
import {
  connectionUrl,
  dayPartition,
  ensureDays,
  SIDES,
  sqlName,
  type Side,
} from "@tillway/database";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { readArchive, type ArchiveEntry } from "./archive.ts";
import type { Manifest, SequenceValue } from "./dump.ts";
import { migratedOf, tablesOf, transactionColumns, type Table } from "./tables.ts";
import { BackupError } from "./vault.ts";

const sides: readonly Side[] = Object.values(SIDES);

/** The manifest of a backup; reads no further. */
export async function readManifest(file: string, passphrase: string): Promise<Manifest> {
  for await (const entry of readArchive(file, passphrase)) return manifestOf(entry);
  throw new BackupError("the backup is empty");
}

async function manifestOf(entry: ArchiveEntry): Promise<Manifest> {
  if (entry.name !== "manifest") throw new BackupError("the backup is not in order");
  // Sealed by `dump` of this or an earlier release under the passphrase that was given.
  const manifest = (await json(Readable.from(entry.content))) as Manifest;
  if (manifest.format !== 1) throw new BackupError("the backup was made by a newer release");
  return manifest;
}

/** Puts the files of a backup below a folder. Each must be new there. Returns how many. */
export async function unpackFiles(
  file: string,
  passphrase: string,
  folder: string,
): Promise<number> {
  let count = 0;
  for await (const { name, content } of readArchive(file, passphrase)) {
    if (!name.startsWith("file/")) continue;
    const path = normalize(join(folder, name.slice("file/".length)));
    if (!path.startsWith(join(folder, "/")))
      throw new BackupError("a file lies outside the folder");
    if (existsSync(path)) throw new BackupError(`${path} is there already`);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await pipeline(content, createWriteStream(path, { mode: 0o600, flags: "wx", flush: true }));
    count += 1;
  }
  return count;
}

/** Fails where a schema holds tables already: a backup is restored into an empty database only. */
export async function requireEmpty(url: string): Promise<void> {
  await connected(url, async (client) => {
    for (const { schema } of sides) {
      if ((await tablesOf(client, schema)).length > 0) {
        throw new BackupError(
          `the database has tables in its schema ${schema}: restore into an empty one`,
        );
      }
    }
  });
}

export type Loaded = { readonly tables: number };

/**
 * Loads the rows of a backup into schemas that the same migrations made. All or nothing. Throws
 * BackupError where the migrations differ or the backup is not whole.
 */
export async function load(url: string, file: string, passphrase: string): Promise<Loaded> {
  const manifest = await readManifest(file, passphrase);
  for (const side of sides) {
    await connected(connectionUrl(url, side), (client) => makeDays(client, side, manifest));
  }
  return connected(url, async (client) => {
    await checkMigrations(client, manifest);
    await client.query("begin");
    const known = await emptied(client);
    let tables = 0;
    for await (const entry of readArchive(file, passphrase)) {
      if (entry.name.startsWith("table/")) {
        await loadTable(client, entry, known);
        tables += 1;
      } else if (entry.name === "sequences") {
        // Written by `dump`, under the seal.
        await setSequences(client, (await json(Readable.from(entry.content))) as SequenceValue[]);
      }
    }
    for (const side of sides) await renumber(client, side);
    await client.query("commit");
    return { tables };
  });
}

async function connected<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

async function checkMigrations(client: pg.Client, manifest: Manifest): Promise<void> {
  for (const { schema } of sides) {
    const here = JSON.stringify(await migratedOf(client, schema));
    const there = JSON.stringify(manifest.schemas[schema]?.migrated ?? []);
    if (here !== there) {
      throw new BackupError(
        `the backup's schema ${schema} is of another release: restore it with that release, ` +
          "then start this one, which brings it up to date",
      );
    }
  }
}

/** Makes the days that the rows need. */
async function makeDays(client: pg.Client, { schema }: Side, manifest: Manifest): Promise<void> {
  for (const { table, partition, detached } of manifest.schemas[schema]?.partitions ?? []) {
    const [year, month, day] = [
      partition.slice(-8, -4),
      partition.slice(-4, -2),
      partition.slice(-2),
    ];
    const date = `${year}-${month}-${day}`;
    if (partition !== dayPartition(table, date)) {
      throw new BackupError(`${partition} is no day of ${table}`);
    }
    if (!detached) await ensureDays(client, schema, [table], [date]);
    else {
      const [own, parent] = [`${schema}.${sqlName(partition)}`, `${schema}.${sqlName(table)}`];
      await client.query(`create table ${own} (like ${parent} including all excluding identity)`);
    }
  }
}

const become = async (client: pg.Client, schema: string): Promise<void> => {
  const side = sides.find((one) => one.schema === schema);
  if (!side) throw new BackupError(`there is no schema ${schema}`);
  await client.query(`set local role ${sqlName(side.role)}`);
};

/** Every table but the list of migrations, without the rows that migrations put in. */
async function emptied(client: pg.Client): Promise<ReadonlyMap<string, Table>> {
  const known = new Map<string, Table>();
  for (const { schema } of sides) {
    const tables = (await tablesOf(client, schema)).filter(({ name }) => name !== "migration");
    for (const table of tables) known.set(`${schema}/${table.name}`, table);
    await become(client, schema);
    if (tables.length > 0) await client.query(`truncate ${tables.map(qualified).join(", ")}`);
    await client.query("reset role");
  }
  return known;
}

async function loadTable(
  client: pg.Client,
  { name: entry, content }: ArchiveEntry,
  known: ReadonlyMap<string, Table>,
): Promise<void> {
  const table = known.get(entry.slice("table/".length));
  if (!table) throw new BackupError(`the backup holds ${entry}, which this release does not know`);
  await become(client, table.schema);
  const columns = table.columns.join(", ");
  const copy = copyFrom(`copy ${qualified(table)} (${columns}) from stdin`);
  await pipeline(content, client.query(copy));
}

const qualified = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${sqlName(schema)}.${sqlName(name)}`;

async function setSequences(client: pg.Client, values: readonly SequenceValue[]): Promise<void> {
  for (const { schema, name, last, called } of values) {
    await become(client, schema);
    await client.query("select setval(to_regclass($1), $2::bigint, $3)", [
      qualified({ schema, name }),
      last,
      called,
    ]);
  }
}

/**
 * Numbers of transactions belong to the server that gave them: a stream that was read up to one of
 * them would skip or repeat events here. All events become this transaction's, in their old order,
 * and every cursor stands behind the last event that it had read.
 */
async function renumber(client: pg.Client, { schema }: Side): Promise<void> {
  const columns = new Map(
    (await transactionColumns(client, schema)).map(({ table, column }) => [table, column]),
  );
  const xid = columns.get("outbox");
  if (xid === undefined) return;
  await become(client, schema);
  const outbox = `${schema}.outbox`;
  const identity = await client.query<Record<string, unknown>>(
    `select attidentity::text as kind from pg_attribute
      where attrelid = to_regclass($1) and attname = 'seq'`,
    [outbox],
  );
  const always = identity.rows[0]?.["kind"] === "a";
  const placed = `with r as (select bucket, ${xid} as xid, seq,
    row_number() over (order by ${xid}, seq) as place from ${outbox})`;
  const cursor = columns.get("outbox_cursor");
  if (cursor !== undefined) {
    await client.query(
      `${placed} update ${schema}.outbox_cursor c
         set ${cursor} = pg_current_xact_id(), seq = coalesce(
           (select max(r.place) from r
             where r.bucket = c.bucket and (r.xid, r.seq) <= (c.${cursor}, c.seq)), 0)`,
    );
  }
  // An identity that is always generated cannot be set; negative numbers on the way, because a new
  // number may be another event's old one.
  await client.query(`alter table ${outbox} alter column seq set generated by default`);
  await client.query(
    `${placed} update ${outbox} o set ${xid} = pg_current_xact_id(), seq = -r.place from r
      where o.bucket = r.bucket and o.${xid} = r.xid and o.seq = r.seq`,
  );
  await client.query(`update ${outbox} set seq = -seq`);
  if (always) await client.query(`alter table ${outbox} alter column seq set generated always`);
  await client.query(
    `select setval(pg_get_serial_sequence($1, 'seq'), greatest(max(seq), 1)) from ${outbox}`,
    [outbox],
  );
}
