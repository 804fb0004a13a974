/** Step 2: what came of a request, with its postings, before the terminal is answered. */
import { bigintOf, integerOf, textOf, type Sql } from "@tillway/database";
import { post, saleJournal, saleReversalJournal } from "../../ledger/index.ts";
import type { Booking, CloseResult, CloseStep } from "../step.ts";
import type { Appended } from "./append.ts";
import { placeText } from "./known.ts";

const STATEMENT = `
delete from in_flight f
 using (select * from unnest($1::smallint[], $2::uuid[], $3::text[], $4::bigint[])
          as u (bucket, transaction, owner, epoch)) s
 where f.bucket = s.bucket and f.transaction = s.transaction
   and f.owner = s.owner and f.epoch = s.epoch
returning f.bucket, f.transaction::text as transaction`;

/** A journal of a booking, under its own id and on its day. */
export function journalOf(
  booking: Booking & { readonly id: string; readonly businessDate: string },
  occurredAt: number,
): ReturnType<typeof saleJournal> {
  const { id, businessDate, sale, kind } = booking;
  const make = kind === "sale" ? saleJournal : saleReversalJournal;
  return make(sale, { id, businessDate, occurredAt });
}

/** Closes what its owner still holds; a step whose lease was taken away is fenced. */
export async function close(
  sql: Sql,
  steps: readonly CloseStep[],
  appended: Appended,
): Promise<CloseResult[]> {
  if (steps.length === 0) return [];
  const found = await sql.query(STATEMENT, [
    steps.map(({ bucket }) => bucket),
    steps.map(({ transaction }) => transaction),
    steps.map(({ lease }) => lease.owner),
    steps.map(({ lease }) => lease.epoch),
  ]);
  const gone = new Set(
    found.rows.map((row) =>
      placeText({ bucket: integerOf(row, "bucket"), transaction: textOf(row, "transaction") }),
    ),
  );
  const closed: CloseStep[] = [];
  const results = steps.map((step): CloseResult => {
    // Of two steps for one transaction in a batch the first one decides.
    if (!gone.delete(placeText(step))) return { kind: "fenced" };
    closed.push(step);
    return { kind: "closed" };
  });
  const journals = closed.flatMap(({ booking, happening }) =>
    booking ? [journalOf(booking, happening.at)] : [],
  );
  for (const step of closed) {
    const { happening, advice, event } = step;
    appended.events.push({ place: step, happening });
    for (const message of step.messages) {
      appended.messages.push({ place: step, message, at: happening.at });
    }
    if (advice) appended.advices.push(advice);
    if (event) appended.outbox.push({ bucket: step.bucket, event, at: happening.at });
  }
  await post(sql, journals);
  return results;
}

/** A node begins: its epoch rises, so that leases of its life before are over. Returns the epoch. */
export async function beginEpoch(sql: Sql, node: string, startedAt: string): Promise<string> {
  const found = await sql.query(
    `insert into node (id, epoch, started_at) values ($1, 1, $2)
     on conflict (id) do update set epoch = node.epoch + 1, started_at = excluded.started_at
     returning epoch::text as epoch`,
    [node, startedAt],
  );
  return bigintOf(found.rows[0] ?? {}, "epoch").toString();
}
