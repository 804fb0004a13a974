/** A request is written down: what its original and the limits leave room for, and what it takes. */
import { journalFor, movedBy } from "../ledger/index.ts";
import { networkKeyOf, type Advice } from "./advice.ts";
import { fullKeyText, type Deciding, type Standing } from "./found.ts";
import { followRefusal, remaining, take, takes, unmarked } from "./follow.ts";
import { counterOf, limitRefusal, unused } from "./limits.ts";
import { decide, lifeOf } from "./state.ts";
import type { Happening, OpenResult, OpenStep, OutboxEvent, TurnedAway } from "./step.ts";
import { claimsNothing, type Claims, type Known } from "./transaction.ts";
import { catalogue } from "@tillway/transactions";

export const quiet = {
  responseCode: null,
  authorisationCode: null,
  reason: null,
  settlementDate: null,
  partOf: null,
  reply: null,
} as const;

/** Opens what is new; the others are told what is known of their key. */
export function decideOpen(step: OpenStep, deciding: Deciding): OpenResult {
  if (step.again) return reopen(step, deciding);
  if (!deciding.found.fresh.has(step.transaction)) {
    return { kind: "known", known: knownOf(step, deciding) };
  }
  deciding.opened.set(fullKeyText(step.key), step);
  const original = step.follows ? deciding.standings.get(step.follows.transaction) : undefined;
  const refusal = turnedAway(step, original, deciding);
  const life = lifeOf(step.name);
  const decision = decide(life, "none", refusal ? "turned-away" : "request");
  const claims: Claims = refusal
    ? claimsNothing
    : { follows: step.follows, taken: takes(step.asked), draws: step.draws };
  const left = original ? remaining(original.amount, original.marks) : step.amount;
  const moved = refusal ? { amount: 0n, fee: 0n } : movedBy(step.name, askedOf(step), left);
  const { writes } = deciding;
  writes.transactions.push({ step, claims, fee: moved.fee });
  if (decision.effects.includes("take")) takeClaims(step, claims, original, deciding);
  for (const message of step.messages) writes.messages.push({ place: step, message, at: step.at });
  const type = refusal ? "turned-away" : "request";
  const opening: Happening = { ...quiet, type, state: decision.state, at: step.at };
  const { merchant, terminal, batch } = step.key;
  const standing: Standing = {
    ...step.asked,
    ...place(step),
    merchant,
    terminal,
    batch,
    authorisationCode: null,
    panToken: step.panToken,
    state: decision.state,
    rrn: step.rrn,
    booked: moved,
    networkKey: step.networkKey,
    sent: step.networkRequest,
    claims,
    marks: unmarked,
  };
  deciding.standings.set(step.transaction, standing);
  if (decision.effects.includes("forward")) {
    writes.takeoffs.push(step);
    writes.events.push({ place: step, happening: opening });
    return { kind: "opened" };
  }
  return decided(step, opening, refusal, standing, deciding);
}

const place = ({ bucket, transaction, businessDate }: OpenStep) => ({
  bucket,
  transaction,
  businessDate,
});
const askedOf = ({ amount, asked, feePpm }: OpenStep) => ({ amount, tip: asked.tip, feePpm });

/** What is answered at once: it was turned away, or it is an advice. */
function decided(
  step: OpenStep,
  opening: Happening,
  refusal: TurnedAway | undefined,
  standing: Standing,
  { writes }: Deciding,
): OpenResult {
  const { reply, kept } = step.answer(refusal);
  const happening = {
    ...opening,
    responseCode: reply["39"] ?? null,
    reason: refusal ?? null,
    reply,
  };
  writes.events.push({ place: step, happening });
  writes.messages.push({
    place: step,
    message: { hop: "terminal-reply", message: kept },
    at: step.at,
  });
  writes.outbox.push({
    bucket: step.bucket,
    event: outboxEvent(standing, reply["39"] ?? null),
    at: step.at,
  });
  if (refusal) return { kind: "decided", reply, advised: false };
  const { bucket, transaction } = step;
  const booked = { transaction, bucket, merchant: step.key.merchant, name: step.name };
  const when = { id: step.journalId, businessDate: step.today, occurredAt: step.at };
  const journal = journalFor({ ...booked, ...standing.booked }, when);
  if (journal) writes.journals.push(journal);
  writes.advices.push(adviceOf(step));
  return { kind: "decided", reply, advised: true };
}

/** The event of the stream for what became of a transaction. */
export function outboxEvent(
  { name, state, rrn, merchant, terminal, amount, transaction, claims }: Standing,
  responseCode: string | null,
): OutboxEvent {
  const { posting } = catalogue[name];
  const done = state === "approved" || state === "advised";
  const undone = posting === "refund" ? "transaction-refunded" : "transaction-voided";
  const good = posting === "void" || posting === "refund" ? undone : "transaction-approved";
  const bad = state === "declined" ? "transaction-declined" : "transaction-reversed";
  return {
    type: done ? good : bad,
    payload: {
      transaction,
      kind: name,
      rrn,
      merchant,
      terminal,
      amount: amount.toString(),
      original: claims.follows?.transaction ?? null,
      responseCode,
    },
  };
}

function adviceOf(step: OpenStep): Advice {
  const { mti, fields } = step.networkRequest;
  const { "2": _pan, "103": _receiver, ...rest } = fields;
  return {
    ...place(step),
    id: step.adviceId,
    mti,
    originalKey: step.networkKey,
    networkKey: networkKeyOf(fields),
    reason: step.name,
    fields: rest,
    createdAt: step.at,
  };
}

/** The first of all reasons that stand against it, in the order of wire/refusals.ts. */
function turnedAway(
  step: OpenStep,
  original: Standing | undefined,
  deciding: Deciding,
): TurnedAway | undefined {
  if (catalogue[step.name].follows.length > 0) {
    return followRefusal(step.asked, original, original?.marks ?? unmarked, step.rules);
  }
  if (step.overSingle) return "over-limit";
  return limitRefusal(step.draws, (draw) => deciding.uses.get(counterOf(draw)) ?? unused);
}

function takeClaims(
  step: OpenStep,
  claims: Claims,
  original: Standing | undefined,
  deciding: Deciding,
): void {
  const { taken, follows, draws } = claims;
  if (original && follows) {
    const marks = take(original.marks, step.transaction, taken);
    deciding.standings.set(original.transaction, { ...original, marks });
    deciding.writes.marks.push({ place: follows, by: step.transaction, taken, sign: 1n });
  }
  for (const { subject, period, amount } of draws) {
    const use = deciding.uses.get(counterOf({ subject, period })) ?? unused;
    deciding.uses.set(counterOf({ subject, period }), {
      amount: use.amount + amount,
      count: use.count + 1,
    });
    deciding.writes.uses.push({ bucket: step.bucket, subject, period, amount, count: 1 });
  }
}

/** A promise whose answer is not known is sent again under the key that it has. */
function reopen(step: OpenStep, deciding: Deciding): OpenResult {
  const known = deciding.found.known.get(fullKeyText(step.key));
  if (!known) throw new Error("a known promise is gone");
  const waits = known.kind === "transaction" && known.state === "unanswered";
  if (!waits || deciding.opened.has(fullKeyText(step.key))) {
    return { kind: "known", known: knownOf(step, deciding) };
  }
  deciding.opened.set(fullKeyText(step.key), step);
  const { state } = decide(lifeOf(step.name), "unanswered", "request");
  const happening = { ...quiet, type: "request", state, at: step.at } as const;
  deciding.writes.takeoffs.push(step);
  deciding.writes.events.push({ place: step, happening });
  return { kind: "opened" };
}

/** What another step of the same batch opened is in flight; else what the store found. */
function knownOf(step: OpenStep, deciding: Deciding): Known {
  const twin = deciding.opened.get(fullKeyText(step.key));
  if (twin) {
    const { digest, rrn, networkKey } = twin;
    const state = "in-flight";
    return { kind: "transaction", digest, place: place(twin), state, rrn, networkKey, reply: null };
  }
  const known = deciding.found.known.get(fullKeyText(step.key));
  if (!known) throw new Error("a key was taken and cannot be found");
  return known;
}
