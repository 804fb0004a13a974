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

const SELECT = `select c.token, c.name, c.account, a.bucket as account_bucket, a.currency, c.scheme,
    c.cryptogram_version, c.pan_cipher, c.masked_pan, c.psn, c.expiry, c.status, c.pvki, c.pvv,
    c.pin_required, c.pin_tries, c.pin_limit, c.last_atc, c.wrong_cryptograms,
    c.transaction_limit, c.day_limit, c.day_count_limit, c.day_date::text as day_date,
    c.day_spent, c.day_count
  from issuer.card c join issuer.account a on a.id = c.account`;

function read(found: Row): CardRecord {
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
  const { rows } = await sql.query(`${SELECT} where c.token = $1${locking}`, [token]);
  return rows[0] && read(rows[0]);
}

export async function allCards(sql: Sql): Promise<CardRecord[]> {
  const { rows } = await sql.query(`${SELECT} order by c.name`);
  return rows.map(read);
}

/** Writes the counters that a decision left on a card that is locked. */
export async function saveCounters(
  sql: Sql,
  token: string,
  counters: Pick<
    CardFacts,
    "pinTries" | "lastAtc" | "wrongCryptograms" | "dayDate" | "daySpent" | "dayCount"
  >,
): Promise<void> {
  await sql.query(
    `update issuer.card
     set pin_tries = $2, last_atc = $3, wrong_cryptograms = $4, day_date = $5, day_spent = $6,
         day_count = $7
     where token = $1`,
    [
      token,
      counters.pinTries,
      counters.lastAtc,
      counters.wrongCryptograms,
      counters.dayDate ?? null,
      counters.daySpent,
      counters.dayCount,
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
       day_count_limit, issued_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, $11, $12, $13, $14, $15, $16)
     on conflict (token) do update
     set status = 'active', psn = excluded.psn, last_atc = 0, expiry = excluded.expiry, pvki = excluded.pvki, pvv = excluded.pvv,
         pin_required = excluded.pin_required, pin_tries = 0, wrong_cryptograms = 0,
         transaction_limit = excluded.transaction_limit, day_limit = excluded.day_limit,
         day_count_limit = excluded.day_count_limit, day_date = null, day_spent = 0, day_count = 0,
         issued_at = excluded.issued_at`,
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
    ],
  );
}
