/** The second step of a payment: what an answer of the network brings about. */
import type { Clock } from "@tillway/link";
import { businessDate, type BusinessCalendar } from "@tillway/money";
import { journalFor, movedBy } from "../ledger/index.ts";
import { reversalAdvice, type Advice } from "./advice.ts";
import { outboxEvent } from "./commit-open.ts";
import { takes, unmarked } from "./follow.ts";
import type { Standing } from "./found.ts";
import type { Numbers } from "./numbers.ts";
import { decide, lifeOf } from "./state.ts";
import type { CloseStep, Happening, OpenStep } from "./step.ts";
import { ownCodes, type HopMessage, type NetworkAnswer, type Payment } from "./transaction.ts";

export type ClosingParts = {
  readonly clock: Clock;
  readonly calendar: BusinessCalendar;
  readonly numbers: Numbers;
};

/** What the terminal is told for an answer of the network. */
function replyTo(payment: Payment, answer: NetworkAnswer): Record<string, string> {
  const { own } = payment;
  switch (answer.kind) {
    case "approved":
    case "declined":
      return { ...own, ...answer.reply, "39": answer.responseCode };
    case "silent":
      return { ...own, "39": ownCodes.timedOut };
    case "unreachable":
      return { ...own, "39": ownCodes.unreachable };
  }
}

export type Closing = { readonly step: CloseStep; readonly reply: Record<string, string> };

/** The decision about an answer, with everything that it brings about. */
export async function closing(
  payment: Payment,
  step: OpenStep,
  answer: NetworkAnswer,
  options: ClosingParts,
): Promise<Closing> {
  const at = options.clock.now();
  const { state, effects } = decide(lifeOf(payment.name), "in-flight", answer.kind);
  const reply = replyTo(payment, answer);
  const told = answer.kind === "approved" || answer.kind === "declined" ? answer : undefined;
  const happening: Happening = {
    type: answer.kind,
    state,
    responseCode: reply["39"] ?? null,
    authorisationCode: told?.authorisationCode ?? null,
    reason: answer.kind === "silent" ? answer.reason : null,
    settlementDate: told?.settlementDate ?? null,
    partOf: told?.partOf ?? null,
    reply,
    at,
  };
  const heard = "message" in answer && answer.message ? [answer.message] : [];
  const messages: HopMessage[] = heard.map((message) => ({ hop: "network-reply", message }));
  messages.push({ hop: "terminal-reply", message: payment.keepReply(reply) });
  const amount = told?.partOf ?? payment.amount;
  const standing = standingOf(payment, step, state, amount);
  let advice: Advice | null = null;
  if (effects.includes("advise")) {
    const own = { id: options.numbers.id(at), ...(await options.numbers.transmit(at)) };
    const sent = { ...standing, sent: payment.networkRequest, authorisationCode: null };
    advice = reversalAdvice(sent, own, happening.reason === "wrong-mac" ? "A0" : "98", at);
  }
  const when = {
    id: options.numbers.id(at),
    businessDate: businessDate(at, options.calendar),
    occurredAt: at,
  };
  const { bucket, transaction, businessDate: day, lease } = step;
  return {
    reply,
    step: {
      do: "close",
      bucket,
      transaction,
      businessDate: day,
      lease,
      claims: standing.claims,
      releases: answer.kind === "approved" ? payment.releases : null,
      frees: effects.includes("free"),
      happening,
      messages,
      advice,
      journal: effects.includes("post")
        ? journalFor({ ...standing, ...standing.booked }, when)
        : null,
      event: state === "unanswered" ? null : outboxEvent(standing, reply["39"] ?? null),
    },
  };
}

function standingOf(
  payment: Payment,
  step: OpenStep,
  state: Standing["state"],
  amount: bigint,
): Standing {
  const { name, tip, feePpm } = payment;
  const { merchant, terminal, batch } = step.key;
  return {
    ...step.asked,
    merchant,
    terminal,
    batch,
    bucket: step.bucket,
    transaction: step.transaction,
    businessDate: step.businessDate,
    panToken: payment.panToken,
    authorisationCode: null,
    state,
    amount,
    rrn: step.rrn,
    booked: movedBy(name, { amount, tip, feePpm }, amount),
    networkKey: step.networkKey,
    sent: payment.networkRequest,
    claims: { follows: step.follows, taken: takes(step.asked), draws: step.draws },
    marks: unmarked,
  };
}
