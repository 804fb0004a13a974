/** Authorisations, reversals and the keys under which both are found. */
import {
  bigintOrNull,
  bucketOf,
  fieldsOf,
  instantOf,
  integerOf,
  integerOrNull,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
  type Sql,
} from "@tillway/database";
import type { MessageFields } from "@tillway/iso8583";

/** A request that was decided. `request` and `reply` hold only what a journal may keep. */
export type Authorisation = {
  readonly bucket: number;
  readonly id: string;
  readonly key: string;
  readonly card: string;
  readonly account: string | undefined;
  readonly state: "approved" | "declined" | "reversed";
  readonly responseCode: string;
  /** Which refusal it was, by its name in the list of precedence. */
  readonly reason: string | undefined;
  readonly authorisationCode: string | undefined;
  readonly amount: bigint | undefined;
  readonly currency: string;
  readonly rrn: string | undefined;
  readonly stan: string;
  readonly terminal: string | undefined;
  readonly merchant: string | undefined;
  readonly atc: number | undefined;
  readonly businessDate: string;
  readonly panCipher: string;
  readonly request: MessageFields;
  readonly reply: MessageFields;
  readonly occurredAt: number;
};

const STATES = ["approved", "declined", "reversed"] as const;

const COLUMNS = `bucket, id::text as id, key, card, account, state, response_code, reason,
  authorisation_code, amount, currency, rrn, stan, terminal, merchant, atc,
  business_date::text as business_date, pan_cipher, request, reply, occurred_at`;

function read(found: Row): Authorisation {
  return {
    bucket: integerOf(found, "bucket"),
    id: textOf(found, "id"),
    key: textOf(found, "key"),
    card: textOf(found, "card"),
    account: textOrNull(found, "account") ?? undefined,
    state: wordOf(found, "state", STATES),
    responseCode: textOf(found, "response_code"),
    reason: textOrNull(found, "reason") ?? undefined,
    authorisationCode: textOrNull(found, "authorisation_code") ?? undefined,
    amount: bigintOrNull(found, "amount") ?? undefined,
    currency: textOf(found, "currency"),
    rrn: textOrNull(found, "rrn") ?? undefined,
    stan: textOf(found, "stan"),
    terminal: textOrNull(found, "terminal") ?? undefined,
    merchant: textOrNull(found, "merchant") ?? undefined,
    atc: integerOrNull(found, "atc") ?? undefined,
    businessDate: textOf(found, "business_date"),
    panCipher: textOf(found, "pan_cipher"),
    request: fieldsOf(found, "request"),
    reply: fieldsOf(found, "reply"),
    occurredAt: instantOf(found, "occurred_at"),
  };
}

/** What is known under a request's key. */
export type KnownKey =
  | { readonly kind: "tombstone" }
  | {
      readonly kind: "authorisation";
      readonly digest: string;
      readonly bucket: number;
      id: string;
    };

/**
 * Takes a key, or says what has it already. Two who come at the same moment meet here: the second
 * waits until the first has committed.
 */
export async function claimKey(
  sql: Sql,
  key: string,
  claim: { readonly digest: string; readonly bucket: number; readonly id: string } | "tombstone",
  now: number,
): Promise<KnownKey | "claimed"> {
  const owned = claim === "tombstone" ? undefined : claim;
  const { rowCount } = await sql.query(
    `insert into issuer.request_key
       (bucket, key, kind, digest, authorisation, account_bucket, created_at)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (bucket, key) do nothing`,
    [
      bucketOf(key),
      key,
      owned ? "authorisation" : "tombstone",
      owned?.digest ?? null,
      owned?.id ?? null,
      owned?.bucket ?? null,
      toInstant(now),
    ],
  );
  if (rowCount === 1) return "claimed";
  const { rows } = await sql.query(
    `select kind, digest, authorisation::text as authorisation, account_bucket
     from issuer.request_key where bucket = $1 and key = $2`,
    [bucketOf(key), key],
  );
  const found = rows[0];
  if (!found) throw new Error("a key that is taken could not be read");
  if (wordOf(found, "kind", ["authorisation", "tombstone"]) === "tombstone") {
    return { kind: "tombstone" };
  }
  return {
    kind: "authorisation",
    digest: textOf(found, "digest"),
    bucket: integerOf(found, "account_bucket"),
    id: textOf(found, "authorisation"),
  };
}

export async function addAuthorisation(sql: Sql, one: Authorisation): Promise<void> {
  await sql.query(
    `insert into issuer.authorisation (bucket, id, key, card, account, state, response_code, reason,
       authorisation_code, amount, currency, rrn, stan, terminal, merchant, atc, business_date,
       pan_cipher, request, reply, occurred_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
       $20, $21)`,
    [
      one.bucket,
      one.id,
      one.key,
      one.card,
      one.account ?? null,
      one.state,
      one.responseCode,
      one.reason ?? null,
      one.authorisationCode ?? null,
      one.amount ?? null,
      one.currency,
      one.rrn ?? null,
      one.stan,
      one.terminal ?? null,
      one.merchant ?? null,
      one.atc ?? null,
      one.businessDate,
      one.panCipher,
      JSON.stringify(one.request),
      JSON.stringify(one.reply),
      toInstant(one.occurredAt),
    ],
  );
}

export async function findAuthorisation(
  sql: Sql,
  where: { readonly bucket: number; readonly id: string },
  lock: "lock" | "read" = "read",
): Promise<Authorisation> {
  const { rows } = await sql.query(
    `select ${COLUMNS} from issuer.authorisation where bucket = $1 and id = $2
     ${lock === "lock" ? "for update" : ""}`,
    [where.bucket, where.id],
  );
  if (!rows[0]) throw new Error("an authorisation that has a key is missing");
  return read(rows[0]);
}

export async function markReversed(sql: Sql, one: Authorisation, at: number): Promise<void> {
  await sql.query(
    `update issuer.authorisation set state = 'reversed', reversed_at = $3
     where bucket = $1 and id = $2 and state = 'approved'`,
    [one.bucket, one.id, toInstant(at)],
  );
}

/** Keeps a reversal that came, with what it was answered; repeats of it are not kept again. */
export async function addReversal(
  sql: Sql,
  reversal: {
    readonly key: string;
    readonly originalKey: string;
    readonly code: string;
    readonly message: MessageFields;
    readonly at: number;
  },
): Promise<void> {
  await sql.query(
    `insert into issuer.reversal (bucket, key, original_key, response_code, message, occurred_at)
     values ($1, $2, $3, $4, $5, $6) on conflict (bucket, key) do nothing`,
    [
      bucketOf(reversal.key),
      reversal.key,
      reversal.originalKey,
      reversal.code,
      JSON.stringify(reversal.message),
      toInstant(reversal.at),
    ],
  );
}

/** Closed list of what the bank tells the outside about its transactions. */
export type EventType = "transaction-approved" | "transaction-declined" | "transaction-reversed";

/** Adds an event to the stream, in the transaction that it tells of. */
export async function addEvent(
  sql: Sql,
  event: {
    readonly bucket: number;
    readonly type: EventType;
    readonly payload: object;
    readonly at: number;
  },
): Promise<void> {
  await sql.query(
    `insert into issuer.outbox (bucket, type, version, payload, occurred_at)
     values ($1, $2, 1, $3, $4)`,
    [event.bucket, event.type, JSON.stringify(event.payload), toInstant(event.at)],
  );
}
