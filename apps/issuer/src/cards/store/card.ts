/** Cards and their accounts in the database. */
import {
  bigintOf,
  booleanOf,
  integerOf,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
  type Sql,
} from "@tillway/database";
import type { CryptogramVersion } from "@tillway/keys";
import type { CardFacts, CardRecord } from "../card.ts";

const STATUSES = ["active", "lost", "stolen", "restricted"] as const;
const VERSIONS = ["unionpay", "visa-10", "visa-18", "mchip-10"] as const;

/** Cards `c` with their accounts `a`; what else is joined comes after it. */
export const SELECT_CARD = `select c.token, c.name, c.account, a.bucket as account_bucket, a.currency, c.scheme,
    c.cryptogram_version, c.pan_cipher, c.masked_pan, c.psn, c.expiry, c.status, c.pvki, c.pvv,
    c.pin_required, c.pin_tries, c.pin_limit, c.last_atc, c.wrong_cryptograms,
    c.transaction_limit, c.day_limit, c.day_count_limit, c.day_date::text as day_date,
    c.day_spent, c.day_count, c.service_code, c.partial
   from issuer.card c join issuer.account a on a.id = c.account`;

export function readCard(found: Row): CardRecord {
  return {
    token: textOf(found, "token"),
    name: textOf(found, "name"),
    account: textOf(found, "account"),
    accountBucket: integerOf(found, "account_bucket"),
    currency: textOf(found, "currency"),
    scheme: textOf(found, "scheme"),
    cryptogramVersion: wordOf(found, "cryptogram_version", VERSIONS),
    panCipher: textOf(found, "pan_cipher"),
    maskedPan: textOf(found, "masked_pan"),
    psn: textOf(found, "psn"),
    expiry: textOf(found, "expiry"),
    status: wordOf(found, "status", STATUSES),
    pvki: textOf(found, "pvki"),
    pvv: textOf(found, "pvv"),
    serviceCode: textOf(found, "service_code"),
    domestic: textOf(found, "scheme") === "unionpay",
    partial: booleanOf(found, "partial"),
    pinRequired: booleanOf(found, "pin_required"),
    pinTries: integerOf(found, "pin_tries"),
    pinLimit: integerOf(found, "pin_limit"),
    lastAtc: integerOf(found, "last_atc"),
    wrongCryptograms: integerOf(found, "wrong_cryptograms"),
    transactionLimit: bigintOf(found, "transaction_limit"),
    dayLimit: bigintOf(found, "day_limit"),
    dayCountLimit: integerOf(found, "day_count_limit"),
    dayDate: textOrNull(found, "day_date") ?? undefined,
    daySpent: bigintOf(found, "day_spent"),
    dayCount: integerOf(found, "day_count"),
  };
}

/** The card with this token. `lock` holds it until the transaction ends. */
export async function findCard(
  sql: Sql,
  token: string,
  lock: "lock" | "read" = "read",
): Promise<CardRecord | undefined> {
  const locking = lock === "lock" ? " for update of c" : "";
  const { rows } = await sql.query(`${SELECT_CARD} where c.token = $1${locking}`, [token]);
  return rows[0] && readCard(rows[0]);
}

export async function allCards(sql: Sql): Promise<CardRecord[]> {
  const { rows } = await sql.query(`${SELECT_CARD} order by c.name`);
  return rows.map(readCard);
}

/** Cards by their tokens; `lock` holds them, in the order of their tokens. */
export async function findCards(
  sql: Sql,
  tokens: readonly string[],
  lock: "lock" | "read",
): Promise<CardRecord[]> {
  const locking = lock === "lock" ? " order by c.token for update of c" : "";
  const { rows } = await sql.query(`${SELECT_CARD} where c.token = any($1)${locking}`, [tokens]);
  return rows.map(readCard);
}

type Counters = Pick<
  CardFacts,
  "pinTries" | "lastAtc" | "wrongCryptograms" | "dayDate" | "daySpent" | "dayCount"
>;

/** Writes the counters that decisions left on cards that are locked, by token. */
export async function saveCounters(
  sql: Sql,
  counters: ReadonlyMap<string, Counters>,
): Promise<void> {
  const all = [...counters.values()];
  await sql.query(
    `update issuer.card c
        set pin_tries = u.tries, last_atc = u.atc, wrong_cryptograms = u.wrong,
            day_date = u.day, day_spent = u.spent, day_count = u.count
       from unnest($1::text[], $2::smallint[], $3::integer[], $4::integer[], $5::date[],
                   $6::bigint[], $7::integer[]) as u (token, tries, atc, wrong, day, spent, count)
      where c.token = u.token`,
    [
      [...counters.keys()],
      all.map((one) => one.pinTries),
      all.map((one) => one.lastAtc),
      all.map((one) => one.wrongCryptograms),
      all.map((one) => one.dayDate ?? null),
      all.map((one) => one.daySpent.toString()),
      all.map((one) => one.dayCount),
    ],
  );
}

/** What a new card is issued with. */
export type NewCard = {
  readonly token: string;
  readonly name: string;
  readonly account: string;
  readonly scheme: string;
  readonly cryptogramVersion: CryptogramVersion;
  readonly panCipher: string;
  readonly maskedPan: string;
  readonly psn: string;
  readonly expiry: string;
  readonly pvki: string;
  readonly pvv: string;
  readonly serviceCode: string;
  readonly partial: boolean;
  readonly pinRequired: boolean;
  readonly limits: { readonly transaction: bigint; readonly day: bigint; readonly count: number };
};

/**
 * Issues a card, or issues it again in place of an earlier one of the same number. Its sequence
 * number must be another then: with new keys the counter of the chip may start anew.
 */
export async function issueCard(sql: Sql, card: NewCard, now: number): Promise<void> {
  await sql.query(
    `insert into issuer.card (token, name, account, scheme, cryptogram_version, pan_cipher,
       masked_pan, psn, expiry, status, pvki, pvv, pin_required, transaction_limit, day_limit,
       day_count_limit, issued_at, service_code, partial)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, $11, $12, $13, $14, $15, $16, $17,
       $18)
     on conflict (token) do update
     set status = 'active', psn = excluded.psn, last_atc = 0, expiry = excluded.expiry, pvki = excluded.pvki, pvv = excluded.pvv,
         pin_required = excluded.pin_required, pin_tries = 0, wrong_cryptograms = 0,
         transaction_limit = excluded.transaction_limit, day_limit = excluded.day_limit,
         day_count_limit = excluded.day_count_limit, day_date = null, day_spent = 0, day_count = 0,
         issued_at = excluded.issued_at, service_code = excluded.service_code,
         partial = excluded.partial`,
    [
      card.token,
      card.name,
      card.account,
      card.scheme,
      card.cryptogramVersion,
      card.panCipher,
      card.maskedPan,
      card.psn,
      card.expiry,
      card.pvki,
      card.pvv,
      card.pinRequired,
      card.limits.transaction,
      card.limits.day,
      card.limits.count,
      toInstant(now),
      card.serviceCode,
      card.partial,
    ],
  );
}
