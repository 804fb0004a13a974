/** Transactions as they stand: what their follow-ups, reversals and acknowledgements need. */
import {
  bigintOf,
  bigintOrNull,
  integerOf,
  textOf,
  textOrNull,
  toInstant,
  type Row,
  type Sql,
} from "@tillway/database";
import { transactionOf, type TransactionName } from "@tillway/transactions";
import { feeOf } from "../../ledger/index.ts";
import { takes } from "../follow.ts";
import type { Standing } from "../found.ts";
import type { Draw } from "../limits.ts";
import type { Expired, Expiry, OriginalQuery, OriginalRow } from "../port.ts";
import { stateOf } from "../state.ts";
import type { Place } from "../transaction.ts";
import { keptOf } from "./kept.ts";

const COLUMNS = `
select t.bucket, t.id::text as id, t.business_date::text as day, t.kind, t.merchant, t.terminal,
       t.batch, t.stan, t.rrn, t.amount::text as amount, t.tip::text as tip, t.fee::text as fee,
       t.fee_ppm, t.currency, t.entry_mode, t.masked_pan, t.pan_token, t.pan_cipher,
       t.receiver_cipher, t.network_key, t.original::text as original,
       t.original_date::text as original_day, t.draws, last.state, told.authorisation_code,
       told.settlement_date::text as settlement_date, told.part_of::text as part_of, sent.message, o.held_by::text as held_by,
       coalesce(o.refunded, 0)::text as refunded, coalesce(o.tip, 0)::text as marked_tip`;

const JOINS = `
  left join original o on o.bucket = t.bucket and o.transaction = t.id
  join lateral (select e.state from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id and e.business_date = t.business_date
                 order by e.seq desc limit 1) last on true
  left join lateral (select e.authorisation_code, e.settlement_date, e.part_of from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id and e.business_date = t.business_date
                   and e.type = 'approved' limit 1) told on true
  left join lateral (select m.message from kept_message m
                 where m.bucket = t.bucket and m.transaction = t.id and m.business_date = t.business_date
                   and m.hop = 'network-request' limit 1) sent on true`;

/** A type of the catalogue. Throws where it is none. */
export function nameOf(text: string): TransactionName {
  const name = transactionOf(text);
  if (!name) throw new Error("a transaction is of an unknown type");
  return name;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

function drawsOf(row: Row): Draw[] {
  const value = row["draws"];
  if (!Array.isArray(value)) return [];
  return value.map((draw: unknown) => {
    const { subject, period, amount } = isObject(draw) ? draw : {};
    if (typeof subject !== "string" || typeof period !== "string" || typeof amount !== "string") {
      throw new TypeError("column draws is not a list of draws");
    }
    return { subject, period, amount: BigInt(amount), mostAmount: null, mostCount: null };
  });
}

function standingOf(row: Row): Standing {
  const name = nameOf(textOf(row, "kind"));
  const [asked, tip] = [bigintOf(row, "amount"), bigintOf(row, "tip")];
  const part = bigintOrNull(row, "part_of");
  const amount = part ?? asked;
  const fee = part === null ? bigintOf(row, "fee") : feeOf(part, BigInt(integerOf(row, "fee_ppm")));
  const bucket = integerOf(row, "bucket");
  const original = textOrNull(row, "original");
  const day = textOrNull(row, "original_day");
  const follows =
    original === null || day === null ? null : { bucket, transaction: original, businessDate: day };
  return {
    bucket,
    transaction: textOf(row, "id"),
    businessDate: textOf(row, "day"),
    name,
    merchant: textOf(row, "merchant"),
    terminal: textOf(row, "terminal"),
    batch: textOf(row, "batch"),
    panToken: textOf(row, "pan_token"),
    state: stateOf(textOf(row, "state")),
    rrn: textOf(row, "rrn"),
    amount,
    booked: { amount: name === "tip adjustment" ? tip : amount, fee },
    networkKey: textOf(row, "network_key"),
    authorisationCode: textOrNull(row, "authorisation_code"),
    sent: row["message"] === null ? null : keptOf(row, "message"),
    claims: { follows, taken: takes({ name, amount, tip }), draws: drawsOf(row) },
    marks: {
      heldBy: textOrNull(row, "held_by"),
      refunded: bigintOf(row, "refunded"),
      tip: bigintOf(row, "marked_tip"),
    },
  };
}

/** The transactions at these places, by id. */
export async function readStandings(
  sql: Sql,
  places: readonly Place[],
): Promise<Map<string, Standing>> {
  if (places.length === 0) return new Map();
  const found = await sql.query(
    `${COLUMNS} from (select distinct bucket, id, day
        from unnest($1::smallint[], $2::uuid[], $3::date[]) as u (bucket, id, day)) s
      join transaction t on t.bucket = s.bucket and t.id = s.id and t.business_date = s.day ${JOINS}`,
    [
      places.map(({ bucket }) => bucket),
      places.map(({ transaction }) => transaction),
      places.map(({ businessDate }) => businessDate),
    ],
  );
  return new Map(found.rows.map((row) => [textOf(row, "id"), standingOf(row)]));
}

const BY_KEY = `
${COLUMNS} from request_key k
  join transaction t on t.bucket = k.bucket and t.id = k.transaction
   and t.business_date = k.business_date ${JOINS}
 where k.bucket = $1 and k.merchant = $2 and k.batch = $3 and k.stan = $4
   and k.class in ('request', 'advice')`;

/** By terminal, batch and STAN; where an authorisation code is given, then at any terminal. */
async function byKey(sql: Sql, query: OriginalQuery): Promise<Row | undefined> {
  const { bucket, merchant, terminal, batch, stan, authorisationCode } = query;
  const named = [bucket, merchant, batch, stan];
  const own = await sql.query(`${BY_KEY} and k.terminal = $5 order by k.class desc limit 1`, [
    ...named,
    terminal,
  ]);
  if (own.rows[0] || authorisationCode === undefined) return own.rows[0];
  const other = await sql.query(
    `${BY_KEY} and told.authorisation_code = $5 order by t.id desc limit 1`,
    [...named, authorisationCode],
  );
  return other.rows[0];
}

async function byRrn(sql: Sql, query: OriginalQuery): Promise<Row | undefined> {
  const { bucket, merchant, rrn, dates } = query;
  const found = await sql.query(
    `${COLUMNS} from transaction t ${JOINS}
      where t.bucket = $1 and t.merchant = $2 and t.rrn = $3
        and t.business_date = any($4::date[]) order by t.id desc limit 1`,
    [bucket, merchant, rrn, dates],
  );
  return found.rows[0];
}

/** The original that a follow-up names; by RRN before terminal, batch and STAN. */
export async function readOriginal(
  sql: Sql,
  query: OriginalQuery,
): Promise<OriginalRow | undefined> {
  const row = await (query.rrn === null ? byKey(sql, query) : byRrn(sql, query));
  if (!row) return undefined;
  return {
    standing: standingOf(row),
    stan: textOf(row, "stan"),
    feePpm: BigInt(integerOf(row, "fee_ppm")),
    currency: textOf(row, "currency"),
    entryMode: textOf(row, "entry_mode"),
    settlementDate: textOrNull(row, "settlement_date"),
    maskedPan: textOf(row, "masked_pan"),
    panCipher: textOf(row, "pan_cipher"),
    receiverCipher: textOrNull(row, "receiver_cipher"),
  };
}

/** Leases of this node's earlier lives, and leases of anybody that ran out. */
export async function readExpired(sql: Sql, when: Expiry): Promise<Expired[]> {
  const found = await sql.query(
    `${COLUMNS}, f.owner, f.epoch::text as epoch
       from in_flight f
       join transaction t on t.bucket = f.bucket and t.id = f.transaction
        and t.business_date = f.business_date ${JOINS}
      where (f.owner = $1 and f.epoch < $2) or f.lease_until < $3
      order by f.bucket, f.transaction limit $4`,
    [when.node, when.epoch, toInstant(when.now), when.limit],
  );
  return found.rows.map((row) => ({
    lease: { owner: textOf(row, "owner"), epoch: bigintOf(row, "epoch").toString() },
    standing: standingOf(row),
  }));
}
