/** The first step of a payment: what is written down before anything is sent. */
import { businessDate, type BusinessCalendar } from "@tillway/money";
import type { FollowRules } from "./follow.ts";
import { drawsOf, overSingle, type Limit } from "./limits.ts";
import type { Numbers } from "./numbers.ts";
import type { Lease, OpenStep, TurnedAway } from "./step.ts";
import type { Payment } from "./transaction.ts";

export type TurnedAwayCode = (reason: TurnedAway) => string;

type OpeningParts = {
  readonly numbers: Numbers;
  readonly calendar: BusinessCalendar;
  readonly lease: Lease;
  readonly rules: FollowRules;
  readonly codeOf: TurnedAwayCode;
  readonly replyMs: number;
  readonly marginMs: number;
  readonly clock: { readonly now: () => number };
};

/** The step that opens a payment, with the limits that hold for it. */
export function openStep(
  payment: Payment,
  limits: readonly Limit[],
  options: OpeningParts,
): OpenStep {
  const { assigned, key, name, amount, tip, again, panToken } = payment;
  const at = options.clock.now();
  const today = businessDate(at, options.calendar);
  const { merchant } = key;
  const { terminal, batch } = payment.onBehalf ?? key;
  const asked = {
    name,
    merchant,
    terminal,
    batch,
    panToken: payment.cardShown ? panToken : null,
    authorisationCode: payment.authorisationCode,
    amount,
    tip,
    businessDate: today,
  };
  const { entryMode, verifiedOnDevice } = payment;
  const limited = { ...asked, panToken, entryMode, verifiedOnDevice };
  return {
    do: "open",
    name,
    key,
    bucket: key.bucket,
    transaction: again?.transaction ?? assigned.id,
    businessDate: again?.businessDate ?? today,
    digest: payment.digest,
    rrn: assigned.rrn,
    amount,
    currency: payment.currency,
    feePpm: payment.feePpm,
    entryMode,
    maskedPan: payment.maskedPan,
    panToken,
    panCipher: payment.panCipher,
    receiverCipher: payment.receiverCipher,
    networkKey: payment.networkKey,
    again: again !== null,
    asked,
    follows: payment.follows,
    rules: options.rules,
    overSingle: overSingle(limits, limited),
    draws: drawsOf(limits, limited),
    lease: options.lease,
    leaseUntil: at + options.replyMs + options.marginMs,
    at,
    messages: [
      { hop: "terminal-request", message: payment.request },
      { hop: "network-request", message: payment.networkRequest },
    ],
    networkRequest: payment.networkRequest,
    journalId: options.numbers.id(at),
    adviceId: options.numbers.id(at),
    today,
    answer: (refusal) => {
      const code = refusal === undefined ? "00" : options.codeOf(refusal);
      const reply = { ...payment.own, "39": code };
      return { reply, kept: payment.keepReply(reply) };
    },
  };
}
