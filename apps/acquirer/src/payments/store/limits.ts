/** The table of limits. */
import {
  bigintOrNull,
  integerOrNull,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Sql,
} from "@tillway/database";
import { limitEntries, limitLevels, limitSpans, limitSubjects, type Limit } from "../limits.ts";
import { nameOf } from "./standing.ts";

export async function readLimits(sql: Sql): Promise<Limit[]> {
  const found = await sql.query(
    `select level, owner, type, entry, subject, span, amount::text as amount, count,
            valid_from::text as valid_from from limit_rule`,
  );
  return found.rows.map((row) => {
    const type = textOrNull(row, "type");
    return {
      level: wordOf(row, "level", limitLevels),
      owner: textOf(row, "owner"),
      type: type === null ? null : nameOf(type),
      entry: wordOf(row, "entry", limitEntries),
      subject: wordOf(row, "subject", limitSubjects),
      span: wordOf(row, "span", limitSpans),
      amount: bigintOrNull(row, "amount"),
      count: integerOrNull(row, "count"),
      validFrom: textOf(row, "valid_from"),
    };
  });
}

/** Adds limits; one of the same kind and day stays as it is. */
export async function insertLimits(sql: Sql, limits: readonly Limit[], at: number): Promise<void> {
  await sql.query(
    `insert into limit_rule (level, owner, type, entry, subject, span, amount, count, valid_from,
       created_at)
     select level, owner, type, entry, subject, span, amount, count, day, $10
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                   $7::bigint[], $8::integer[], $9::date[])
         as u (level, owner, type, entry, subject, span, amount, count, day)
     on conflict do nothing`,
    [
      limits.map(({ level }) => level),
      limits.map(({ owner }) => owner),
      limits.map(({ type }) => type),
      limits.map(({ entry }) => entry),
      limits.map(({ subject }) => subject),
      limits.map(({ span }) => span),
      limits.map(({ amount }) => amount?.toString() ?? null),
      limits.map(({ count }) => count),
      limits.map(({ validFrom }) => validFrom),
      toInstant(at),
    ],
  );
}
