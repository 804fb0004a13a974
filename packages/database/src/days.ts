import { textOf } from "./rows.ts";
import { sqlName, type Sql } from "./sql.ts";
import { inTransaction } from "./transaction.ts";

/** The name of a table's partition for a date "YYYY-MM-DD". Throws RangeError on another text. */
export function dayPartition(table: string, date: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new RangeError("not a date YYYY-MM-DD");
  return `${sqlName(table)}_${date.replaceAll("-", "")}`;
}

/**
 * Makes sure that tables partitioned by date (`partition by range (business_date)`) have a
 * partition for each date. Call it ahead of the day: a row without a partition is refused (23514).
 * Made apart and attached, so that writers are not held up. Returns how many were made.
 */
export async function ensureDays(
  sql: Sql,
  schema: string,
  tables: readonly string[],
  dates: readonly string[],
): Promise<number> {
  sqlName(schema);
  const wanted = tables.flatMap((table) =>
    dates.map((date) => ({ table, date, name: dayPartition(table, date) })),
  );
  return inTransaction(sql, async () => {
    // One maker at a time: two would both find a partition missing.
    await sql.query("select pg_advisory_xact_lock(hashtext($1))", [`tillway.days.${schema}`]);
    const missing = await sql.query(
      `select w.name, w.parent, w.day::text as day, (w.day + 1)::text as next
         from unnest($1::text[], $2::text[], $3::date[]) as w (name, parent, day)
        where to_regclass(format('%I.%I', $4::text, w.name)) is null`,
      [
        wanted.map((one) => one.name),
        wanted.map((one) => one.table),
        wanted.map((one) => one.date),
        schema,
      ],
    );
    for (const row of missing.rows) {
      const parent = `${schema}.${textOf(row, "parent")}`;
      const part = `${schema}.${textOf(row, "name")}`;
      const range = `('${textOf(row, "day")}') to ('${textOf(row, "next")}')`;
      await sql.query(
        // An identity belongs to the partitioned table and comes with the attachment.
        `create table ${part} (like ${parent} including all excluding identity);
         alter table ${parent} attach partition ${part} for values from ${range}`,
      );
    }
    return missing.rows.length;
  });
}

/**
 * Takes the partitions of days before a date out of their tables; they stay as tables of their own,
 * to be archived and dropped. In the caller's transaction. Returns their names.
 */
export async function detachDaysBefore(
  sql: Sql,
  schema: string,
  tables: readonly string[],
  before: string,
): Promise<string[]> {
  sqlName(schema);
  const found = await sql.query(
    `select p.relname as parent, c.relname as part
       from pg_inherits i
       join pg_class c on c.oid = i.inhrelid
       join pg_class p on p.oid = i.inhparent
       join pg_namespace n on n.oid = p.relnamespace
      where n.nspname = $1 and p.relname = any($2::text[]) and p.relkind = 'p'
        and c.relname < p.relname || '_' || replace($3::date::text, '-', '')
      order by c.relname`,
    [schema, tables, before],
  );
  const names: string[] = [];
  for (const row of found.rows) {
    const [parent, part] = [sqlName(textOf(row, "parent")), sqlName(textOf(row, "part"))];
    await sql.query(`alter table ${schema}.${parent} detach partition ${schema}.${part}`);
    names.push(part);
  }
  return names;
}
