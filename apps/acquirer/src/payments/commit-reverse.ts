/** A terminal's reversal: what it finds, what it undoes, and what the network is told. */
import { undoJournalFor } from "../ledger/index.ts";
import { reversalAdvice } from "./advice.ts";
import { keyText, type Deciding, type KeyRow, type Standing } from "./found.ts";
import { outboxEvent, quiet } from "./commit-open.ts";
import { isFollowed, take } from "./follow.ts";
import { decide, lifeOf, type Decision } from "./state.ts";
import type { ReverseResult, ReverseStep } from "./step.ts";
import { releasedBy, type ReversalRefusal } from "./transaction.ts";

function keyRow(step: ReverseStep, kind: KeyRow["class"], original?: Standing): KeyRow {
  const own = kind === "reversal";
  const of = original
    ? {
        bucket: original.bucket,
        transaction: original.transaction,
        businessDate: original.businessDate,
      }
    : null;
  return {
    key: step.key,
    class: kind,
    digest: own ? step.digest : null,
    of,
    responseCode: own ? "00" : null,
    at: step.at,
  };
}

const refused = (reason: ReversalRefusal): ReverseResult => ({
  answer: { kind: "refused", reason },
  advised: false,
});

/** What was asked for and, where a part was approved, that part: a terminal may know either. */
function amountsOf({ sent, amount }: Standing): readonly bigint[] {
  const asked = sent?.fields["4"];
  return asked === undefined ? [amount] : [amount, BigInt(asked)];
}

/** The hold that a void of a completion gave back, and the completion. */
function heldAgain({ name, claims }: Standing, standings: Deciding["standings"]) {
  const completion = claims.follows ? standings.get(claims.follows.transaction) : undefined;
  const released = releasedBy(name, completion);
  const hold = released ? standings.get(released.place.transaction) : undefined;
  return released && hold ? { released, hold } : undefined;
}

/** Whether something that stands follows it, or the hold that it gave back. */
function isTaken(original: Standing, standings: Deciding["standings"]): boolean {
  const heldBy = heldAgain(original, standings)?.hold.marks.heldBy ?? null;
  const again = original.state === "approved" && heldBy !== null;
  return isFollowed(original.marks) || again;
}

/** Reverses in the order of the steps; a repeat in the same batch is answered as one. */
export function decideReverse(step: ReverseStep, deciding: Deciding): ReverseResult {
  const { writes, requests, reversals, standings } = deciding;
  const name = keyText(step.key);
  const transaction = requests.get(name);
  const original = transaction ? standings.get(transaction) : undefined;
  const accepted = { kind: "accepted", rrn: original?.rrn ?? null } as const;
  const earlier = reversals.get(name);
  if (earlier !== undefined) {
    if (earlier !== step.digest) return refused("other-content");
    return { answer: accepted, advised: false };
  }
  if (original && !amountsOf(original).includes(step.amount)) return refused("amount-differs");
  const followed = original !== undefined && isTaken(original, standings);
  const state = original?.state ?? (transaction === null ? "tombstone" : "none");
  const life = original ? lifeOf(original.name) : "payment";
  const decision = decide(life, state, followed ? "reversal-followed" : "reversal");
  if (decision.effects.includes("refuse")) return refused(followed ? "followed" : "not-reversible");
  writes.keys.push(keyRow(step, "reversal", original));
  if (decision.effects.includes("bury")) {
    writes.keys.push(keyRow(step, "request"));
    requests.set(name, null);
  }
  if (original) carryOut(step, original, decision, deciding);
  reversals.set(name, step.digest);
  return { answer: accepted, advised: decision.effects.includes("advise") };
}

/** Carries a decision about a known original out. */
function carryOut(
  step: ReverseStep,
  original: Standing,
  { state, effects }: Decision,
  { writes, standings }: Deciding,
): void {
  const { reason, at, spare } = step;
  const place = {
    bucket: original.bucket,
    transaction: original.transaction,
    businessDate: original.businessDate,
  };
  const happening = { ...quiet, type: "reversal", state, responseCode: "00", reason, at } as const;
  writes.events.push({ place, happening });
  for (const message of step.messages) writes.messages.push({ place, message, at });
  if (original.state === "in-flight") writes.landings.push(place);
  if (effects.includes("advise")) {
    if (!original.sent) throw new Error("what was sent to the network is not kept");
    const of = { ...original, sent: original.sent };
    writes.advices.push(reversalAdvice(of, { ...spare, id: spare.adviceId }, reason, at));
  }
  if (effects.includes("undo")) {
    const when = { id: spare.journalId, businessDate: step.businessDate, occurredAt: at };
    const journal = undoJournalFor({ ...original, ...original.booked }, when);
    if (journal) writes.journals.push(journal);
    const again = heldAgain(original, standings);
    if (again) {
      const { released, hold } = again;
      const { place: at, by, taken } = released;
      standings.set(at.transaction, { ...hold, marks: take(hold.marks, by, taken) });
      writes.marks.push({ place: at, by, taken, sign: 1n });
    }
  }
  const changed = { ...original, state };
  standings.set(original.transaction, changed);
  if (state !== original.state) {
    writes.outbox.push({ bucket: original.bucket, event: outboxEvent(changed, "00"), at });
  }
}
