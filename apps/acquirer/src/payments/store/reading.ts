/** What people and the audit read. */
import {
  bigintOf,
  BUCKETS,
  instantOf,
  integerOf,
  textOf,
  textOrNull,
  type Row,
  type Sql,
} from "@tillway/database";
import { stateOf, type State } from "../state.ts";
import type { Kept } from "../transaction.ts";
import { keptOf } from "./kept.ts";

export type TransactionRow = {
  readonly bucket: number;
  readonly id: string;
  readonly kind: string;
  readonly state: State;
  readonly businessDate: string;
  readonly merchant: string;
  readonly terminal: string;
  readonly batch: string;
  readonly stan: string;
  readonly rrn: string;
  /** As approved. */
  readonly amount: bigint;
  /** What it posts: of a tip adjustment the tip. */
  readonly moved: bigint;
  readonly fee: bigint;
  readonly currency: string;
  readonly entryMode: string;
  readonly maskedPan: string;
  readonly responseCode: string | null;
  readonly authorisationCode: string | null;
  readonly settlementDate: string | null;
  readonly occurredAt: number;
};

export type Filter = {
  readonly before?: string | undefined;
  readonly limit: number;
  readonly terminal?: string | undefined;
  readonly merchant?: string | undefined;
  readonly state?: State | undefined;
  readonly rrn?: string | undefined;
  readonly businessDate?: string | undefined;
};

const ALL_BUCKETS = Array.from({ length: BUCKETS }, (_, bucket) => bucket);

const SELECTED = `
select t.bucket, t.id::text as id, t.kind, t.business_date::text as day, t.merchant, t.terminal, t.batch,
       t.stan, t.rrn, coalesce(told.part_of, t.amount)::text as amount, t.fee::text as fee,
       case when t.kind = 'tip adjustment' then t.tip else coalesce(told.part_of, t.amount) end::text as moved, t.currency, t.entry_mode,
       t.masked_pan, t.occurred_at, last.state, told.response_code, told.authorisation_code,
       told.settlement_date::text as settlement_date
  from transaction t
  join lateral (select e.state from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id and e.business_date = t.business_date
                 order by e.seq desc limit 1) last on true
  left join lateral (select e.response_code, e.authorisation_code, e.settlement_date, e.part_of
                 from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id and e.business_date = t.business_date
                   and e.reply is not null order by e.seq desc limit 1) told on true`;

function transactionOf(row: Row): TransactionRow {
  return {
    bucket: integerOf(row, "bucket"),
    id: textOf(row, "id"),
    kind: textOf(row, "kind"),
    state: stateOf(textOf(row, "state")),
    businessDate: textOf(row, "day"),
    merchant: textOf(row, "merchant"),
    terminal: textOf(row, "terminal"),
    batch: textOf(row, "batch"),
    stan: textOf(row, "stan"),
    rrn: textOf(row, "rrn"),
    amount: bigintOf(row, "amount"),
    moved: bigintOf(row, "moved"),
    fee: bigintOf(row, "fee"),
    currency: textOf(row, "currency"),
    entryMode: textOf(row, "entry_mode"),
    maskedPan: textOf(row, "masked_pan"),
    responseCode: textOrNull(row, "response_code"),
    authorisationCode: textOrNull(row, "authorisation_code"),
    settlementDate: textOrNull(row, "settlement_date"),
    occurredAt: instantOf(row, "occurred_at"),
  };
}

/** Newest first, those before a cursor. */
export async function listTransactions(sql: Sql, filter: Filter): Promise<TransactionRow[]> {
  const found = await sql.query(
    `${SELECTED}
      where t.bucket = any($1::smallint[])
        and ($2::uuid is null or t.id < $2)
        and ($3::text is null or t.terminal = $3)
        and ($4::text is null or t.merchant = $4)
        and ($5::text is null or last.state = $5)
        and ($6::text is null or t.rrn = $6)
        and ($7::date is null or t.business_date = $7)
      order by t.id desc limit $8`,
    [
      ALL_BUCKETS,
      filter.before ?? null,
      filter.terminal ?? null,
      filter.merchant ?? null,
      filter.state ?? null,
      filter.rrn ?? null,
      filter.businessDate ?? null,
      filter.limit,
    ],
  );
  return found.rows.map(transactionOf);
}

/** One transaction by its id. */
export async function readTransaction(sql: Sql, id: string): Promise<TransactionRow | undefined> {
  const found = await sql.query(`${SELECTED} where t.bucket = any($1::smallint[]) and t.id = $2`, [
    ALL_BUCKETS,
    id,
  ]);
  const row = found.rows[0];
  return row && transactionOf(row);
}

export type EventRow = {
  readonly type: string;
  readonly state: string;
  readonly responseCode: string | null;
  readonly reason: string | null;
  readonly at: number;
};

export type HopRow = { readonly hop: string; readonly at: number; readonly message: Kept };

/** The events and the kept messages of one transaction, oldest first. */
export async function hopsOf(
  sql: Sql,
  { bucket, id, businessDate }: Pick<TransactionRow, "bucket" | "id" | "businessDate">,
): Promise<{ events: EventRow[]; messages: HopRow[] }> {
  const events = await sql.query(
    `select type, state, response_code, reason, at from transaction_event
      where bucket = $1 and transaction = $2 and business_date = $3 order by seq`,
    [bucket, id, businessDate],
  );
  const messages = await sql.query(
    `select hop, message, at from kept_message
      where bucket = $1 and transaction = $2 and business_date = $3 order by seq`,
    [bucket, id, businessDate],
  );
  return {
    events: events.rows.map((row) => ({
      type: textOf(row, "type"),
      state: textOf(row, "state"),
      responseCode: textOrNull(row, "response_code"),
      reason: textOrNull(row, "reason"),
      at: instantOf(row, "at"),
    })),
    messages: messages.rows.map((row) => ({
      hop: textOf(row, "hop"),
      at: instantOf(row, "at"),
      message: keptOf(row, "message"),
    })),
  };
}

export type FollowUp = {
  readonly id: string;
  readonly kind: string;
  readonly state: State;
  readonly amount: bigint;
  readonly rrn: string;
  readonly occurredAt: number;
};

export type Followed = {
  readonly original: string | null;
  readonly heldBy: string | null;
  readonly refunded: bigint;
  readonly tip: bigint;
  readonly followUps: readonly FollowUp[];
};

/** What a transaction follows, what follows it, and what is taken of it. */
export async function followedOf(
  sql: Sql,
  { bucket, id, businessDate }: Pick<TransactionRow, "bucket" | "id" | "businessDate">,
): Promise<Followed> {
  const own = await sql.query(
    `select t.original::text as original, o.held_by::text as held_by,
            coalesce(o.refunded, 0)::text as refunded, coalesce(o.tip, 0)::text as tip
       from transaction t left join original o on o.bucket = t.bucket and o.transaction = t.id
      where t.bucket = $1 and t.id = $2 and t.business_date = $3`,
    [bucket, id, businessDate],
  );
  const row = own.rows[0] ?? { original: null, held_by: null, refunded: "0", tip: "0" };
  const found = await sql.query(
    `${SELECTED} where t.bucket = $1 and t.original = $2 order by t.id`,
    [bucket, id],
  );
  return {
    original: textOrNull(row, "original"),
    heldBy: textOrNull(row, "held_by"),
    refunded: bigintOf(row, "refunded"),
    tip: bigintOf(row, "tip"),
    followUps: found.rows.map(transactionOf),
  };
}

export type AuditRow = TransactionRow & {
  /** What was added to it by a tip, in minor units. */
  readonly markedTip: bigint;
};

/** Every transaction as the audit compares it, oldest first. */
export async function standing(sql: Sql): Promise<AuditRow[]> {
  const tips = `coalesce((select o.tip from original o
    where o.bucket = t.bucket and o.transaction = t.id), 0)::text as marked_tip`;
  const selected = SELECTED.replace("last.state,", `last.state, ${tips},`);
  const found = await sql.query(`${selected} where t.bucket = any($1::smallint[]) order by t.id`, [
    ALL_BUCKETS,
  ]);
  return found.rows.map((row) => ({
    ...transactionOf(row),
    markedTip: bigintOf(row, "marked_tip"),
  }));
}
