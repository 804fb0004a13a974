/** What answers of the network bring about: on a request in flight, on an advice, too late. */
import { undoJournalFor } from "../ledger/index.ts";
import { fullKeyText, placeText, type Deciding, type Standing } from "./found.ts";
import { outboxEvent, quiet } from "./commit-open.ts";
import { free } from "./follow.ts";
import { decide, lifeOf } from "./state.ts";
import type { AcknowledgeStep, CloseResult, CloseStep, NoteStep, Result } from "./step.ts";
import type { Claims, Place, Release } from "./transaction.ts";

/** Gives back what a transaction took of its original and of the limits. */
export function freeClaims(of: Place, claims: Claims, deciding: Deciding): void {
  const { writes, standings } = deciding;
  const { follows, taken, draws } = claims;
  if (follows) {
    const original = standings.get(follows.transaction);
    if (original) {
      const marks = free(original.marks, of.transaction, taken);
      standings.set(follows.transaction, { ...original, marks });
    }
    writes.marks.push({ place: follows, by: of.transaction, taken, sign: -1n });
  }
  for (const { subject, period, amount } of draws) {
    writes.uses.push({ bucket: of.bucket, subject, period, amount: -amount, count: -1 });
  }
}

/** A completion was voided: its hold stands again and may be followed. */
function release({ place, by, taken }: Release, { writes, standings }: Deciding): void {
  const hold = standings.get(place.transaction);
  if (hold) standings.set(place.transaction, { ...hold, marks: free(hold.marks, by, taken) });
  writes.marks.push({ place, by, taken, sign: -1n });
}

/** Closes what its owner still holds; a step whose lease was taken away is fenced. */
export function decideClose(step: CloseStep, deciding: Deciding): CloseResult {
  // Of two steps for one transaction in a batch the first one decides.
  if (!deciding.landed.delete(placeText(step))) return { kind: "fenced" };
  const { writes, standings } = deciding;
  const { happening, advice, event, journal } = step;
  writes.events.push({ place: step, happening });
  for (const message of step.messages) {
    writes.messages.push({ place: step, message, at: happening.at });
  }
  if (advice) writes.advices.push(advice);
  if (journal) writes.journals.push(journal);
  if (event) writes.outbox.push({ bucket: step.bucket, event, at: happening.at });
  if (step.frees) freeClaims(step, step.claims, deciding);
  if (step.releases) release(step.releases, deciding);
  const standing = standings.get(step.transaction);
  if (standing) {
    const { state, authorisationCode, partOf } = happening;
    const amount = partOf ?? standing.amount;
    standings.set(step.transaction, { ...standing, state, authorisationCode, amount });
  }
  return { kind: "closed" };
}

/** The network has an advice, or refuses it for good. */
export function decideAcknowledge(step: AcknowledgeStep, deciding: Deciding): Result {
  const standing = deciding.standings.get(step.transaction);
  if (!deciding.found.pending.has(step.advice) || !standing) return { do: "done" };
  const { outcome: type, responseCode, at } = step;
  const { state, effects } = step.decides
    ? decide(lifeOf(standing.name), standing.state, type)
    : { state: standing.state, effects: [] };
  const { writes } = deciding;
  writes.events.push({ place: step, happening: { ...quiet, type, state, responseCode, at } });
  for (const message of step.messages) writes.messages.push({ place: step, message, at });
  if (effects.includes("free")) freeClaims(standing, standing.claims, deciding);
  const changed: Standing = { ...(deciding.standings.get(step.transaction) ?? standing), state };
  deciding.standings.set(step.transaction, changed);
  if (effects.includes("undo")) {
    const when = { id: step.journalId, businessDate: step.today, occurredAt: at };
    const journal = undoJournalFor({ ...standing, ...standing.booked }, when);
    if (journal) writes.journals.push(journal);
    writes.outbox.push({ bucket: step.bucket, event: outboxEvent(changed, responseCode), at });
  }
  return { do: "done" };
}

/** Keeps what was heard; the state stays as it is. */
export function decideNote(step: NoteStep, deciding: Deciding): Result {
  const standing = deciding.standings.get(step.transaction);
  if (!standing) return { do: "done" };
  if (step.key) {
    const name = fullKeyText(step.key);
    if (!deciding.found.scripts.has(name) || deciding.scripts.has(name)) return { do: "done" };
    deciding.scripts.add(name);
  }
  const { type, responseCode, reason, at } = step;
  const { state } = standing;
  const happening = { ...quiet, type, state, responseCode, reason, at } as const;
  deciding.writes.events.push({ place: step, happening });
  for (const message of step.messages) {
    deciding.writes.messages.push({ place: step, message, at });
  }
  if (step.advice) deciding.writes.advices.push(step.advice);
  return { do: "done" };
}
