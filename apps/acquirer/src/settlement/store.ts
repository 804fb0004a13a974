/** Batches on PostgreSQL: the terminal's row is the lock of all that happens to its batches. */
import {
  bigintOf,
  integerOf,
  integerOrNull,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
  type Sql,
} from "@tillway/database";
import { catalogue, transactionOf } from "@tillway/transactions";
import type { Database } from "../db/index.ts";
import {
  batchStates,
  differencesOf,
  nextBatch,
  sameTotals,
  settlementResults,
  totalsOf,
  type BatchKey,
  type BatchLine,
  type BatchState,
  type Counted,
  type Difference,
  type Totals,
} from "./batch.ts";
import type { Batches, BatchEnd } from "./port.ts";

export type BatchRow = {
  readonly terminal: string;
  readonly batch: string;
  readonly merchant: string;
  readonly state: BatchState;
  readonly told: Totals;
  readonly counted: Totals;
  readonly differences: readonly Difference[];
  readonly uploaded: number;
  readonly toldCount: number | null;
  readonly settledAt: string;
  readonly closedAt: string | null;
};

/** What stands of a batch: approved by the network or told so to the terminal. */
const LINES = `
select t.kind, t.stan, t.masked_pan,
       (case when t.kind = 'tip adjustment' then t.tip else coalesce(told.part_of, t.amount) end)::text as moved
  from request_key k
  join transaction t on t.bucket = k.bucket and t.id = k.transaction and t.business_date = k.business_date
  join lateral (select e.state from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id and e.business_date = t.business_date
                 order by e.seq desc limit 1) last on true
  left join lateral (select e.part_of from transaction_event e
                 where e.bucket = t.bucket and e.transaction = t.id and e.business_date = t.business_date
                   and e.part_of is not null limit 1) told on true
 where k.bucket = $1 and k.merchant = $2 and k.terminal = $3 and k.batch = $4
   and k.class in ('request', 'advice') and last.state in ('approved', 'advised')`;

type Line = BatchLine & Counted;

async function linesOf(sql: Sql, key: BatchKey): Promise<Line[]> {
  const found = await sql.query(LINES, [key.bucket, key.merchant, key.terminal, key.batch]);
  return found.rows.flatMap((row): Line[] => {
    const name = transactionOf(textOf(row, "kind"));
    const moved = bigintOf(row, "moved");
    const [trace, maskedPan] = [textOf(row, "stan"), textOf(row, "masked_pan")];
    return name ? [{ name, moved, count: 1, trace, maskedPan, amount: moved }] : [];
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

function totalsIn(row: Row, side: "told" | "counted"): Totals {
  return {
    debitAmount: bigintOf(row, `${side}_debit_amount`),
    debitCount: integerOf(row, `${side}_debit_count`),
    creditAmount: bigintOf(row, `${side}_credit_amount`),
    creditCount: integerOf(row, `${side}_credit_count`),
  };
}

const whats = ["only-terminal", "only-acquirer", "amount", "card"] as const;

function differencesIn(row: Row): Difference[] {
  const value = row["differences"];
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((one) => ({
    trace: textOf(one, "trace"),
    what: wordOf(one, "what", whats),
    terminal: textOrNull(one, "terminal"),
    acquirer: textOrNull(one, "acquirer"),
  }));
}

const COLUMNS = `
select b.terminal, b.batch, b.merchant, b.state, b.told_debit_amount::text, b.told_debit_count,
       b.told_credit_amount::text, b.told_credit_count, b.counted_debit_amount::text,
       b.counted_debit_count, b.counted_credit_amount::text, b.counted_credit_count, b.differences,
       b.told_count, b.settled_at::text as settled_at, b.closed_at::text as closed_at,
       (select count(*)::integer from batch_record r
         where r.terminal = b.terminal and r.batch = b.batch and r.kind = 'online') as uploaded
  from terminal_batch b`;

function batchOf(row: Row): BatchRow {
  return {
    terminal: textOf(row, "terminal"),
    batch: textOf(row, "batch"),
    merchant: textOf(row, "merchant"),
    state: wordOf(row, "state", batchStates),
    told: totalsIn(row, "told"),
    counted: totalsIn(row, "counted"),
    differences: differencesIn(row),
    uploaded: integerOf(row, "uploaded"),
    toldCount: integerOrNull(row, "told_count"),
    settledAt: textOf(row, "settled_at"),
    closedAt: textOrNull(row, "closed_at"),
  };
}

/** The newest batches first; of one terminal where it is named. */
export async function listBatches(
  sql: Sql,
  filter: { readonly terminal?: string | undefined; readonly limit: number },
): Promise<BatchRow[]> {
  const found = await sql.query(
    `${COLUMNS} where ($1::text is null or b.terminal = $1)
      order by b.settled_at desc, b.terminal limit $2`,
    [filter.terminal ?? null, filter.limit],
  );
  return found.rows.map(batchOf);
}

export async function readBatch(
  sql: Sql,
  terminal: string,
  batch: string,
): Promise<BatchRow | undefined> {
  const found = await sql.query(`${COLUMNS} where b.terminal = $1 and b.batch = $2`, [
    terminal,
    batch,
  ]);
  const row = found.rows[0];
  return row && batchOf(row);
}

type Locked = { readonly open: string; readonly batch: BatchRow | undefined };

async function lock(sql: Sql, key: BatchKey): Promise<Locked | undefined> {
  const found = await sql.query("select batch from terminal where tid = $1 for update", [
    key.terminal,
  ]);
  const row = found.rows[0];
  if (!row) return undefined;
  return { open: textOf(row, "batch"), batch: await readBatch(sql, key.terminal, key.batch) };
}

async function putTotals(
  sql: Sql,
  key: BatchKey,
  row: { state: BatchState; told: Totals; counted: Totals },
  at: number,
): Promise<void> {
  const values = ({ debitAmount, debitCount, creditAmount, creditCount }: Totals) => [
    debitAmount.toString(),
    debitCount,
    creditAmount.toString(),
    creditCount,
  ];
  await sql.query(
    `insert into terminal_batch (terminal, batch, bucket, merchant, state,
       told_debit_amount, told_debit_count, told_credit_amount, told_credit_count,
       counted_debit_amount, counted_debit_count, counted_credit_amount, counted_credit_count,
       settled_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     on conflict (terminal, batch) do update set state = excluded.state,
       told_debit_amount = excluded.told_debit_amount,
       told_debit_count = excluded.told_debit_count,
       told_credit_amount = excluded.told_credit_amount,
       told_credit_count = excluded.told_credit_count,
       counted_debit_amount = excluded.counted_debit_amount,
       counted_debit_count = excluded.counted_debit_count,
       counted_credit_amount = excluded.counted_credit_amount,
       counted_credit_count = excluded.counted_credit_count,
       settled_at = excluded.settled_at`,
    [
      key.terminal,
      key.batch,
      key.bucket,
      key.merchant,
      row.state,
      ...values(row.told),
      ...values(row.counted),
      toInstant(at),
    ],
  );
  await sql.query("update terminal set settling = true where tid = $1", [key.terminal]);
}

async function say(
  sql: Sql,
  key: BatchKey,
  type: "batch-closed" | "upload-finished",
  more: object,
  at: number,
): Promise<void> {
  const { merchant, terminal, batch } = key;
  await sql.query(
    `insert into outbox (bucket, type, version, payload, occurred_at)
     values ($1, $2, 1, $3::jsonb, $4)`,
    [key.bucket, type, JSON.stringify({ merchant, terminal, batch, ...more }), toInstant(at)],
  );
}

/** Closes a batch and opens the next one of its terminal. */
async function closeBatch(
  sql: Sql,
  key: BatchKey,
  row: { balanced: boolean; differences: readonly Difference[]; toldCount: number | null },
  at: number,
): Promise<void> {
  await sql.query(
    `update terminal_batch set state = 'closed', differences = $3::jsonb, told_count = $4,
       closed_at = $5 where terminal = $1 and batch = $2`,
    [key.terminal, key.batch, JSON.stringify(row.differences), row.toldCount, toInstant(at)],
  );
  await sql.query("update terminal set batch = $2, settling = false where tid = $1", [
    key.terminal,
    nextBatch(key.batch),
  ]);
  const { balanced, differences } = row;
  await say(sql, key, "batch-closed", { balanced, differences: differences.length }, at);
}

async function end(
  sql: Sql,
  key: BatchKey,
  told: BatchEnd,
  at: number,
): Promise<readonly Difference[] | undefined> {
  const locked = await lock(sql, key);
  if (!locked?.batch) return undefined;
  if (locked.batch.state === "closed") return locked.batch.differences;
  const balanced = locked.batch.state === "balanced";
  const found = await sql.query(
    `select trace, masked_pan, amount::text as amount from batch_record
      where terminal = $1 and batch = $2 and kind = 'online'`,
    [key.terminal, key.batch],
  );
  const uploaded = found.rows.map((row) => ({
    trace: textOf(row, "trace"),
    maskedPan: textOf(row, "masked_pan"),
    amount: bigintOf(row, "amount"),
  }));
  // A batch that balanced need not be uploaded; what is uploaded all the same is compared.
  const compared = !balanced || uploaded.length > 0;
  const counted = (await linesOf(sql, key)).filter(({ name }) => catalogue[name].total !== null);
  const differences = compared ? differencesOf(uploaded, counted) : [];
  if (compared) await say(sql, key, "upload-finished", { records: uploaded.length }, at);
  await closeBatch(sql, key, { balanced, differences, toldCount: told.count }, at);
  return differences;
}

export function openBatches(database: Database): Batches {
  return {
    settle: (key, told, at) =>
      database.transaction(async (sql) => {
        const locked = await lock(sql, key);
        const { batch, open } = locked ?? {};
        if (batch && (batch.state === "closed" || sameTotals(batch.told, told))) {
          const balanced = sameTotals(batch.told, batch.counted) && sameTotals(batch.told, told);
          return balanced ? settlementResults.balanced : settlementResults.unbalanced;
        }
        if (open !== key.batch) return undefined;
        const counted = totalsOf(await linesOf(sql, key));
        const balanced = sameTotals(told, counted);
        await putTotals(
          sql,
          key,
          { state: balanced ? "balanced" : "unbalanced", told, counted },
          at,
        );
        return balanced ? settlementResults.balanced : settlementResults.unbalanced;
      }),
    upload: (key, records, at) =>
      database.transaction(async (sql) => {
        const locked = await lock(sql, key);
        if (!locked?.batch) return undefined;
        if (locked.batch.state === "closed") return true;
        await sql.query(
          `insert into batch_record (terminal, batch, kind, trace, masked_pan, amount, at)
           select $1, $2, 'online', trace, pan, amount, $6
             from unnest($3::text[], $4::text[], $5::bigint[]) as u (trace, pan, amount)
           on conflict (terminal, batch, kind, trace) do update
             set masked_pan = excluded.masked_pan, amount = excluded.amount`,
          [
            key.terminal,
            key.batch,
            records.map(({ trace }) => trace),
            records.map(({ maskedPan }) => maskedPan),
            records.map(({ amount }) => amount.toString()),
            toInstant(at),
          ],
        );
        return true;
      }),
    uploadChip: (key, { kind, trace, message }, at) =>
      database.transaction(async (sql) => {
        const locked = await lock(sql, key);
        if (!locked?.batch) return undefined;
        await sql.query(
          `insert into batch_record (terminal, batch, kind, trace, message, at)
           values ($1, $2, $3, $4, $5::jsonb, $6)
           on conflict (terminal, batch, kind, trace) do nothing`,
          [key.terminal, key.batch, kind, trace, JSON.stringify(message), toInstant(at)],
        );
        return true;
      }),
    end: (key, told, at) => database.transaction((sql) => end(sql, key, told, at)),
    current: (key, at) =>
      database.transaction(async (sql) => {
        const locked = await lock(sql, key);
        if (!locked) return key.batch;
        const own = { ...key, batch: locked.open };
        const settled = await readBatch(sql, key.terminal, locked.open);
        if (settled?.state !== "balanced") return locked.open;
        await closeBatch(sql, own, { balanced: true, differences: [], toldCount: null }, at);
        return nextBatch(locked.open);
      }),
  };
}
