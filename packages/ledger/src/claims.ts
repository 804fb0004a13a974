import { integerOf, textOf, type Sql } from "@tillway/database";
import { keyOf } from "./decide.ts";
import type { Journal } from "./journal.ts";

/** An idempotency key and the journal in whose name it was taken. */
export type Claim = Pick<Journal, "bucket" | "idempotencyKey" | "id" | "businessDate">;

export type Claims = {
  /** Keys that this transaction took just now. */
  readonly ours: readonly Claim[];
  /** Keys that were taken before: the id of the journal stored under each. */
  readonly stored: ReadonlyMap<string, string>;
};

/**
 * Takes the key of each journal. Where another transaction holds a key the statement waits for its
 * end: from here on, whoever has the key is the only one to post the event.
 */
export async function claimKeys(
  sql: Sql,
  s: string,
  journals: readonly Journal[],
): Promise<Claims> {
  const claims = new Map<string, Claim>();
  for (const journal of journals) {
    const key = keyOf(journal.bucket, journal.idempotencyKey);
    if (!claims.has(key)) claims.set(key, journal);
  }
  if (claims.size === 0) return { ours: [], stored: new Map() };
  const wanted = [...claims.values()];
  const taken = await sql.query(
    `insert into ${s}.ledger_key (bucket, idempotency_key, journal_id, business_date)
     select * from unnest($1::smallint[], $2::text[], $3::uuid[], $4::date[])
       as u (bucket, key, id, business_date)
      order by bucket, key
     on conflict (bucket, idempotency_key) do nothing
     returning bucket, idempotency_key`,
    [
      wanted.map((one) => one.bucket),
      wanted.map((one) => one.idempotencyKey),
      wanted.map((one) => one.id),
      wanted.map((one) => one.businessDate),
    ],
  );
  const own = new Set(
    taken.rows.map((row) => keyOf(integerOf(row, "bucket"), textOf(row, "idempotency_key"))),
  );
  const ours: Claim[] = [];
  const others: Claim[] = [];
  for (const [key, claim] of claims) (own.has(key) ? ours : others).push(claim);
  return { ours, stored: others.length === 0 ? new Map() : await readKeys(sql, s, others) };
}

async function readKeys(
  sql: Sql,
  s: string,
  claims: readonly Claim[],
): Promise<Map<string, string>> {
  // A statement of its own: the one that met the conflict does not see what it waited for.
  const found = await sql.query(
    `select k.bucket, k.idempotency_key, k.journal_id::text as journal_id
       from unnest($1::smallint[], $2::text[]) as u (bucket, key)
       join ${s}.ledger_key k on k.bucket = u.bucket and k.idempotency_key = u.key`,
    [claims.map((one) => one.bucket), claims.map((one) => one.idempotencyKey)],
  );
  const stored = new Map(
    found.rows.map((row) => [
      keyOf(integerOf(row, "bucket"), textOf(row, "idempotency_key")),
      textOf(row, "journal_id"),
    ]),
  );
  if (stored.size !== claims.length) throw new KeyGone();
  return stored;
}

/** The key was there, then pruned between two statements: run the transaction again. */
class KeyGone extends Error {
  readonly code = "40001";
  constructor() {
    super("an idempotency key went away while it was read");
  }
}

/**
 * Sorts out the claims once all journals are judged: returns those to be given back, because
 * nothing was posted under them. Where the first journal of a key was refused and a later one of
 * the same batch was posted, the key is made to name the later one.
 */
export async function keepClaims(
  sql: Sql,
  s: string,
  ours: readonly Claim[],
  posted: readonly Journal[],
): Promise<readonly Claim[]> {
  const kept = new Map(posted.map((one) => [keyOf(one.bucket, one.idempotencyKey), one]));
  const renamed: Claim[] = [];
  const dropped: Claim[] = [];
  for (const claim of ours) {
    const journal = kept.get(keyOf(claim.bucket, claim.idempotencyKey));
    if (journal === undefined) dropped.push(claim);
    else if (journal.id !== claim.id) renamed.push(journal);
  }
  if (renamed.length > 0) {
    await sql.query(
      `update ${s}.ledger_key k set journal_id = u.id, business_date = u.business_date
         from unnest($1::smallint[], $2::text[], $3::uuid[], $4::date[])
           as u (bucket, key, id, business_date)
        where k.bucket = u.bucket and k.idempotency_key = u.key`,
      [
        renamed.map((one) => one.bucket),
        renamed.map((one) => one.idempotencyKey),
        renamed.map((one) => one.id),
        renamed.map((one) => one.businessDate),
      ],
    );
  }
  return dropped;
}
