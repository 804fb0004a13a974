/** The second step of a sale: what an answer of the network brings about. */
import type { Clock } from "@tillway/link";
import { businessDate, type BusinessCalendar } from "@tillway/money";
import type { Days } from "../db/index.ts";
import { adviceFields, networkKeyOf, type Advice } from "./advice.ts";
import type { Numbers } from "./numbers.ts";
import { decide } from "./state.ts";
import type { CloseStep, Happening, OpenStep, OutboxEvent } from "./step.ts";
import { ownCodes, type HopMessage, type NetworkAnswer, type Sale } from "./transaction.ts";

export type ClosingParts = {
  readonly clock: Clock;
  readonly calendar: BusinessCalendar;
  readonly days: Days;
  readonly numbers: Numbers;
};

/** What the terminal is told for an answer of the network. */
function replyTo(sale: Sale, answer: NetworkAnswer): Record<string, string> {
  const { own } = sale;
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

/** The second step of a sale: the decision about an answer, with everything that it brings about. */
export async function closing(
  sale: Sale,
  step: OpenStep,
  answer: NetworkAnswer,
  options: ClosingParts,
): Promise<Closing> {
  const at = options.clock.now();
  const today = businessDate(at, options.calendar);
  const decision = decide("in-flight", answer.kind);
  const reply = replyTo(sale, answer);
  const told = answer.kind === "approved" || answer.kind === "declined" ? answer : undefined;
  const happening: Happening = {
    type: answer.kind,
    state: decision.state,
    responseCode: reply["39"] ?? null,
    authorisationCode: told?.authorisationCode ?? null,
    reason: answer.kind === "silent" ? answer.reason : null,
    settlementDate: told?.settlementDate ?? null,
    reply,
    at,
  };
  const heard = "message" in answer && answer.message ? [answer.message] : [];
  const messages: HopMessage[] = heard.map((message) => ({ hop: "network-reply", message }));
  messages.push({ hop: "terminal-reply", message: sale.keepReply(reply) });
  let advice: Advice | null = null;
  if (decision.effects.includes("advise")) {
    const own = await options.numbers.transmit(at);
    const fields = adviceFields(sale.networkRequest, own, null);
    advice = {
      id: options.numbers.id(at),
      bucket: step.bucket,
      transaction: step.transaction,
      businessDate: step.businessDate,
      originalKey: sale.networkKey,
      networkKey: networkKeyOf(fields),
      reason: happening.reason === "wrong-mac" ? "A0" : "98",
      fields,
      createdAt: at,
    };
  }
  const { bucket, transaction } = step;
  const { amount, fee } = sale;
  const booked = { transaction, bucket, merchant: sale.key.merchant, amount, fee };
  const booking = decision.effects.includes("post")
    ? { kind: "sale" as const, sale: booked, id: options.numbers.id(at), businessDate: today }
    : null;
  if (booking) await options.days.ensure(today);
  const { lease, businessDate: day } = step;
  const event = outboxEvent(decision.state, sale, reply);
  const place = { bucket, transaction, businessDate: day };
  return {
    reply,
    step: { do: "close", ...place, lease, happening, messages, advice, booking, event },
  };
}

function outboxEvent(
  state: Happening["state"],
  sale: Sale,
  reply: Readonly<Record<string, string>>,
): OutboxEvent | null {
  const payload = {
    transaction: sale.assigned.id,
    rrn: sale.assigned.rrn,
    merchant: sale.key.merchant,
    terminal: sale.key.terminal,
    amount: sale.amount.toString(),
    currency: sale.currency,
    responseCode: reply["39"] ?? null,
  };
  if (state === "approved") return { type: "transaction-approved", payload };
  if (state === "declined") return { type: "transaction-declined", payload };
  return state === "reversing" ? { type: "transaction-reversed", payload } : null;
}
