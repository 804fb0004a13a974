/** What follows after the terminal was answered: acknowledged advices, answers that came too late. */
import { integerOf, textOf, toInstant, type Sql } from "@tillway/database";
import { decide, stateOf, type State } from "../state.ts";
import type { AcknowledgeStep, NoteStep, Place } from "../step.ts";
import type { Appended } from "./append.ts";
import { placeText } from "./known.ts";

const ACKNOWLEDGE = `
update advice a
   set state = 'acknowledged', response_code = s.code, acknowledged_at = s.at
  from unnest($1::smallint[], $2::uuid[], $3::text[], $4::timestamptz[]) as s (bucket, id, code, at)
 where a.bucket = s.bucket and a.id = s.id and a.state = 'pending'
returning a.id::text as id`;

const STATES = `
select s.bucket, s.transaction::text as transaction, last.state
  from unnest($1::smallint[], $2::uuid[], $3::date[]) as s (bucket, transaction, day)
  join lateral (
    select e.state from transaction_event e
     where e.bucket = s.bucket and e.transaction = s.transaction and e.business_date = s.day
     order by e.seq desc limit 1) last on true`;

async function statesOf(sql: Sql, places: readonly Place[]): Promise<Map<string, State>> {
  const found = await sql.query(STATES, [
    places.map(({ bucket }) => bucket),
    places.map(({ transaction }) => transaction),
    places.map(({ businessDate }) => businessDate),
  ]);
  return new Map(
    found.rows.map((row) => [
      placeText({ bucket: integerOf(row, "bucket"), transaction: textOf(row, "transaction") }),
      stateOf(textOf(row, "state")),
    ]),
  );
}

/** The network has the reversal: the transaction is reversed for good. */
export async function acknowledge(
  sql: Sql,
  steps: readonly AcknowledgeStep[],
  appended: Appended,
): Promise<void> {
  if (steps.length === 0) return;
  const found = await sql.query(ACKNOWLEDGE, [
    steps.map(({ bucket }) => bucket),
    steps.map(({ advice }) => advice),
    steps.map(({ responseCode }) => responseCode),
    steps.map(({ at }) => toInstant(at)),
  ]);
  const done = new Set(found.rows.map((row) => textOf(row, "id")));
  const states = await statesOf(sql, steps);
  for (const step of steps) {
    if (!done.has(step.advice)) continue;
    const state = states.get(placeText(step)) ?? "reversing";
    const happening = {
      type: "acknowledged",
      state: decide(state, "acknowledged").state,
      responseCode: step.responseCode,
      authorisationCode: null,
      reason: null,
      settlementDate: null,
      reply: null,
      at: step.at,
    } as const;
    appended.events.push({ place: step, happening });
    for (const message of step.messages)
      appended.messages.push({ place: step, message, at: step.at });
  }
}

/** Keeps what was heard too late; the state stays as it is. */
export async function note(
  sql: Sql,
  steps: readonly NoteStep[],
  appended: Appended,
): Promise<void> {
  if (steps.length === 0) return;
  const states = await statesOf(sql, steps);
  for (const step of steps) {
    const state = states.get(placeText(step));
    if (!state) continue;
    const happening = {
      type: "late-answer",
      state,
      responseCode: step.responseCode,
      authorisationCode: null,
      reason: step.reason,
      settlementDate: null,
      reply: null,
      at: step.at,
    } as const;
    appended.events.push({ place: step, happening });
    for (const message of step.messages)
      appended.messages.push({ place: step, message, at: step.at });
  }
}
