/** Writes a backup: both schemas as of one moment, and files of the data folder. */
import { createReadStream } from "node:fs";
import { SIDES, sqlName, textOf } from "@tillway/database";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { createArchive } from "./archive.ts";
import {
  migratedOf,
  partitionsOf,
  sequencesOf,
  tablesOf,
  type Migrated,
  type Table,
} from "./tables.ts";

export const schemas: readonly string[] = Object.values(SIDES).map(({ schema }) => schema);

/** What a backup says of itself before its content. */
export type Manifest = {
  readonly format: 1;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly schemas: Readonly<Record<string, SchemaManifest>>;
};

export type SchemaManifest = {
  readonly migrated: readonly Migrated[];
  /** Days of partitioned tables; `detached` ones stand by themselves. */
  readonly partitions: readonly {
    readonly table: string;
    readonly partition: string;
    readonly detached: boolean;
  }[];
};

export type DumpOptions = {
  readonly url: string;
  /** Where the backup goes; must not exist. */
  readonly file: string;
  readonly passphrase: string;
  /** Files to take along: their names in the backup, and where they are. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
  readonly madeAt: string;
  /** Resolves when the moment may be taken: whoever writes beside the database holds still. */
  readonly whenHeld: () => Promise<void>;
  /** Called once the moment is taken: everybody may go on. */
  readonly onMoment: () => void;
};

export type Dumped = { readonly tables: number; readonly rows: number; readonly files: number };

/** Makes a backup while everything runs. A backup that fails leaves a file that is not whole. */
export async function dump(options: DumpOptions): Promise<Dumped> {
  const client = new pg.Client({ connectionString: options.url });
  client.on("error", () => undefined);
  await client.connect();
  const archive = createArchive(options.file, options.passphrase);
  try {
    await options.whenHeld();
    await client.query("begin transaction isolation level repeatable read, read only");
    // The first statement takes the snapshot: all that follows sees this moment.
    const found = await describe(client);
    options.onMoment();
    const manifest: Manifest = { format: 1, madeAt: options.madeAt, schemas: found.manifests };
    await archive.add("manifest", once(manifest));
    let rows = 0;
    for (const table of found.tables) {
      const copied = client.query(copyTo(copyStatement(table)));
      await archive.add(`table/${table.schema}/${table.name}`, copied);
      rows += copied.rowCount ?? 0;
    }
    // Sequences stand outside of transactions: read last, they are never behind the rows.
    await archive.add("sequences", once(await sequenceValues(client)));
    await client.query("commit");
    for (const { name, path } of options.files) {
      await archive.add(`file/${name}`, createReadStream(path));
    }
    await archive.end();
    return { tables: found.tables.length, rows, files: options.files.length };
  } catch (error) {
    archive.abort();
    throw error;
  } finally {
    await client.end();
  }
}

async function describe(client: pg.Client): Promise<{
  readonly tables: readonly Table[];
  readonly manifests: Record<string, SchemaManifest>;
}> {
  const tables: Table[] = [];
  const manifests: Record<string, SchemaManifest> = {};
  for (const schema of schemas) {
    const all = await tablesOf(client, schema);
    tables.push(...all.filter(({ name }) => name !== "migration"));
    const attached = await partitionsOf(client, schema);
    manifests[schema] = {
      migrated: await migratedOf(client, schema),
      partitions: [
        ...attached.map((one) => ({ ...one, detached: false })),
        ...detachedOf(all).map((one) => ({ ...one, detached: true })),
      ],
    };
  }
  return { tables, manifests };
}

/** Tables that were days of a partitioned table once: `transaction_20260101` beside `transaction`. */
function detachedOf(tables: readonly Table[]): { table: string; partition: string }[] {
  const parents = new Set(tables.flatMap((one) => (one.partitioned ? [one.name] : [])));
  return tables.flatMap(({ name }) => {
    const table = name.replace(/_\d{8}$/, "");
    return table !== name && parents.has(table) ? [{ table, partition: name }] : [];
  });
}

/** Rows of a table with its partitions; text, which every version of the server reads. */
function copyStatement({ schema, name, columns }: Table): string {
  return `copy (select ${columns.join(", ")} from ${sqlName(schema)}.${sqlName(name)}) to stdout`;
}

export type SequenceValue = {
  readonly schema: string;
  readonly name: string;
  readonly last: string;
  readonly called: boolean;
};

async function sequenceValues(client: pg.Client): Promise<SequenceValue[]> {
  const values: SequenceValue[] = [];
  for (const schema of schemas) {
    for (const { name } of await sequencesOf(client, schema)) {
      const found = await client.query<Record<string, unknown>>(
        `select last_value::text as last, is_called::text as called
           from ${sqlName(schema)}.${sqlName(name)}`,
      );
      const row = found.rows[0] ?? {};
      values.push({
        schema,
        name,
        last: textOf(row, "last"),
        called: textOf(row, "called") === "true",
      });
    }
  }
  return values;
}

async function* once(value: unknown): AsyncGenerator<Buffer, void, void> {
  yield Buffer.from(JSON.stringify(value));
}
