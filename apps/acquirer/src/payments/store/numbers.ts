/** Numbers that must not come again: taken from the database in blocks of a thousand. */
import { bigintOf, type Sql } from "@tillway/database";
import type { Series } from "../port.ts";

const sequences: Readonly<Record<Series, string>> = {
  trace: "link_trace_block",
  reference: "reference_block",
};

/** The number of the next block; traces have 1,000 blocks, references 100,000, then they go round. */
export async function nextBlock(sql: Sql, series: Series): Promise<number> {
  const found = await sql.query("select nextval($1::regclass)::text as block", [sequences[series]]);
  return Number.parseInt(bigintOf(found.rows[0] ?? {}, "block").toString(), 10);
}
