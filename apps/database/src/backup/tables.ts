/** What a schema holds, read from the server's own catalogue: nothing here knows the tables by name. */
import { textOf, type Sql } from "@tillway/database";

export type Table = {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Tables of the schema that its rows refer to. */
  readonly refersTo: readonly string[];
  readonly partitioned: boolean;
};

export type Sequence = { readonly schema: string; readonly name: string };

/** The migrations that made a schema: what a backup can be restored onto. */
export type Migrated = {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
};

const list = (text: string): string[] => (text === "" ? [] : text.split(","));

/** Tables in an order in which each comes after those that it refers to; partitions are left out. */
export async function tablesOf(sql: Sql, schema: string): Promise<Table[]> {
  const found = await sql.query(
    `select c.relname::text as name, (c.relkind = 'p')::text as partitioned,
            coalesce((select string_agg(quote_ident(a.attname), ',' order by a.attnum)
                        from pg_attribute a
                       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                         and a.attgenerated = ''), '') as columns,
            coalesce((select string_agg(distinct f.relname::text, ',')
                        from pg_constraint k join pg_class f on f.oid = k.confrelid
                       where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid), '')
              as refers
       from pg_class c
      where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p')
        and not c.relispartition
      order by c.relname`,
    [schema],
  );
  const tables = found.rows.map((row) => ({
    schema,
    name: textOf(row, "name"),
    columns: list(textOf(row, "columns")),
    refersTo: list(textOf(row, "refers")),
    partitioned: textOf(row, "partitioned") === "true",
  }));
  return inOrder(tables);
}

/** Each table after those that it refers to. */
export function inOrder(tables: readonly Table[]): Table[] {
  const ordered: Table[] = [];
  let rest = [...tables];
  while (rest.length > 0) {
    const waiting = new Set(rest.map(({ name }) => name));
    const free = rest.filter(({ refersTo }) => !refersTo.some((name) => waiting.has(name)));
    if (free.length === 0) throw new Error("tables refer to each other in a circle");
    ordered.push(...free);
    rest = rest.filter((table) => !free.includes(table));
  }
  return ordered;
}

/** The partitions of a schema as "parent" and "partition". */
export async function partitionsOf(
  sql: Sql,
  schema: string,
): Promise<{ readonly table: string; readonly partition: string }[]> {
  const found = await sql.query(
    `select p.relname::text as parent, c.relname::text as name
       from pg_inherits i
       join pg_class c on c.oid = i.inhrelid
       join pg_class p on p.oid = i.inhparent
      where c.relnamespace = to_regnamespace($1) and p.relkind = 'p' and c.relkind = 'r'
      order by 1, 2`,
    [schema],
  );
  return found.rows.map((row) => ({
    table: textOf(row, "parent"),
    partition: textOf(row, "name"),
  }));
}

export async function sequencesOf(sql: Sql, schema: string): Promise<Sequence[]> {
  const found = await sql.query(
    `select relname::text as name from pg_class
      where relnamespace = to_regnamespace($1) and relkind = 'S' order by 1`,
    [schema],
  );
  return found.rows.map((row) => ({ schema, name: textOf(row, "name") }));
}

export async function migratedOf(sql: Sql, schema: string): Promise<Migrated[]> {
  const known = await sql.query("select to_regclass($1)::text as name", [`${schema}.migration`]);
  if (known.rows[0]?.["name"] === null) return [];
  const found = await sql.query(
    `select number::text as number, name, checksum from ${schema}.migration order by number`,
  );
  return found.rows.map((row) => ({
    number: Number.parseInt(textOf(row, "number"), 10),
    name: textOf(row, "name"),
    checksum: textOf(row, "checksum"),
  }));
}

/** Columns of type xid8: numbers of transactions of the server that wrote them. */
export async function transactionColumns(
  sql: Sql,
  schema: string,
): Promise<{ readonly table: string; readonly column: string }[]> {
  const found = await sql.query(
    `select c.relname::text as name, a.attname::text as attribute
       from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p')
        and not c.relispartition and a.atttypid = 'xid8'::regtype and a.attnum > 0
      order by 1`,
    [schema],
  );
  return found.rows.map((row) => ({
    table: textOf(row, "name"),
    column: textOf(row, "attribute"),
  }));
}
