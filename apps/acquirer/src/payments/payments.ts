/** Sales and reversals: written down, sent, decided, written down again, answered. */
import type { Cancel, Clock } from "@tillway/link";
import { businessDate, type BusinessCalendar } from "@tillway/money";
import type { Database, Days } from "../db/index.ts";
import { adviceFields, networkKeyOf, type Advice } from "./advice.ts";
import type { Writer } from "./lanes.ts";
import type { Numbers } from "./numbers.ts";
import { decide, type Event } from "./state.ts";
import type { CloseStep, Happening, Lease, OpenResult, OpenStep, OutboxEvent } from "./step.ts";
import { readKnown } from "./store/index.ts";
import {
  ownCodes,
  repeatAnswer,
  type HopMessage,
  type Known,
  type NaturalKey,
  type NetworkAnswer,
  type Reversal,
  type ReversalAnswer,
  type Sale,
  type SaleAnswer,
} from "./transaction.ts";

export type PaymentsOptions = {
  readonly database: Database;
  readonly writer: Writer;
  readonly days: Days;
  readonly numbers: Numbers;
  readonly clock: Clock;
  readonly calendar: BusinessCalendar;
  readonly lease: Lease;
  /** How long a network request may wait; the lease is this and `marginMs`. */
  readonly replyMs: number;
  readonly marginMs: number;
  readonly onAdvice: () => void;
  readonly onFault: (what: string, error: unknown) => void;
};

export type Payments = {
  readonly sale: (sale: Sale) => Promise<SaleAnswer>;
  readonly reversal: (reversal: Reversal) => Promise<ReversalAnswer>;
  /** The answer to a request that is known already; undefined where it is new. Writes nothing. */
  readonly repeat: (key: NaturalKey, digest: string) => Promise<SaleAnswer | undefined>;
  /** Transactions that are waiting for the network in this process. */
  readonly inFlight: () => number;
};

const POLL_MS = 100;

function eventOf(answer: NetworkAnswer): Event {
  return answer.kind;
}

/** Carries out what the state machine decides, for the sales of one node. */
export function openPayments(options: PaymentsOptions): Payments {
  const { clock, writer, database } = options;
  const waiting = new Map<string, Promise<SaleAnswer>>();
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel: Cancel = clock.after(ms, () => {
        cancel();
        resolve();
      });
    });
  const known = async (key: NaturalKey): Promise<Known | undefined> =>
    (await database.use((sql) => readKnown(sql, [key])))[0];

  /** Waits for the outcome of a request that somebody else sent. */
  const wait = async (key: NaturalKey, digest: string, id: string): Promise<SaleAnswer> => {
    const local = waiting.get(id);
    if (local) return local;
    const end = clock.now() + options.replyMs + options.marginMs;
    for (;;) {
      const found = await known(key);
      const answer = found && repeatAnswer(found, digest);
      if (answer && answer !== "wait") return answer;
      if (clock.now() > end) return { kind: "no-answer" };
      await pause(POLL_MS);
    }
  };

  const sale = async (request: Sale): Promise<SaleAnswer> => {
    const step = openStep(request, options);
    let opened: OpenResult;
    try {
      await options.days.ensure(step.businessDate);
      opened = await writer.open(step);
    } catch (error) {
      // Nothing was sent. If the row did get stored, its lease runs out and it is reversed.
      options.onFault("a request could not be written", error);
      return { kind: "failed" };
    }
    if (opened.kind === "known") {
      const answer = repeatAnswer(opened.known, request.digest);
      if (answer !== "wait") return answer;
      const id = opened.known.kind === "transaction" ? opened.known.id : "";
      return wait(request.key, request.digest, id);
    }
    const outcome = finish(request, step, options, known, pause);
    waiting.set(step.transaction, outcome);
    try {
      return await outcome;
    } finally {
      waiting.delete(step.transaction);
    }
  };

  const reversal = async (request: Reversal): Promise<ReversalAnswer> => {
    const at = clock.now();
    const today = businessDate(at, options.calendar);
    await options.days.ensure(today);
    const { trace, transmission } = await options.numbers.transmit(at);
    const { answer, advised } = await writer.reverse({
      do: "reverse",
      key: request.key,
      digest: request.digest,
      amount: request.amount,
      reason: request.reason,
      at,
      businessDate: today,
      messages: [
        { hop: "terminal-reversal", message: request.request },
        { hop: "reversal-reply", message: request.reply },
      ],
      spare: {
        adviceId: options.numbers.id(at),
        journalId: options.numbers.id(at),
        trace,
        transmission,
      },
    });
    if (advised) options.onAdvice();
    return answer;
  };
  const repeat = async (key: NaturalKey, digest: string): Promise<SaleAnswer | undefined> => {
    const found = await known(key);
    const answer = found && repeatAnswer(found, digest);
    if (answer !== "wait") return answer;
    return wait(key, digest, found?.kind === "transaction" ? found.id : "");
  };
  return { sale, reversal, repeat, inFlight: () => waiting.size };
}

function openStep(sale: Sale, options: PaymentsOptions): OpenStep {
  const { assigned, key } = sale;
  return {
    do: "open",
    key,
    bucket: key.bucket,
    transaction: assigned.id,
    businessDate: businessDate(assigned.at, options.calendar),
    digest: sale.digest,
    rrn: assigned.rrn,
    amount: sale.amount,
    currency: sale.currency,
    fee: sale.fee,
    entryMode: sale.entryMode,
    maskedPan: sale.maskedPan,
    panToken: sale.panToken,
    panCipher: sale.panCipher,
    networkKey: sale.networkKey,
    lease: options.lease,
    leaseUntil: assigned.at + options.replyMs + options.marginMs,
    at: assigned.at,
    messages: [
      { hop: "terminal-request", message: sale.request },
      { hop: "network-request", message: sale.networkRequest },
    ],
  };
}

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

type Closing = { readonly step: CloseStep; readonly reply: Record<string, string> };

/** The second step of a sale: the decision about an answer, with everything that it brings about. */
async function closing(
  sale: Sale,
  step: OpenStep,
  answer: NetworkAnswer,
  options: PaymentsOptions,
): Promise<Closing> {
  const at = options.clock.now();
  const today = businessDate(at, options.calendar);
  const decision = decide("in-flight", eventOf(answer));
  const reply = replyTo(sale, answer);
  const told = answer.kind === "approved" || answer.kind === "declined" ? answer : undefined;
  const happening: Happening = {
    type: eventOf(answer),
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

/** Sends an opened sale and closes it. What cannot be made durable is not answered. */
async function finish(
  sale: Sale,
  step: OpenStep,
  options: PaymentsOptions,
  known: (key: NaturalKey) => Promise<Known | undefined>,
  pause: (ms: number) => Promise<void>,
): Promise<SaleAnswer> {
  const answer = await sale.send();
  const closed = await closing(sale, step, answer, options);
  while (options.clock.now() < step.leaseUntil) {
    try {
      const result = await options.writer.close(closed.step);
      if (result.kind === "closed") {
        if (closed.step.advice) options.onAdvice();
        const passing = "passing" in answer ? answer.passing : {};
        return { kind: "answer", reply: { ...closed.reply, ...passing } };
      }
      return await fenced(sale, closed.step, options, known);
    } catch (error) {
      // Whether the commit reached the disk is unknown: the next attempt finds it closed if it did.
      options.onFault("an outcome could not be written", error);
      await pause(POLL_MS);
    }
  }
  return { kind: "no-answer" };
}

/** Somebody else decided: a reversal came first, the lease was taken, or our own commit was done. */
async function fenced(
  sale: Sale,
  step: CloseStep,
  options: PaymentsOptions,
  known: (key: NaturalKey) => Promise<Known | undefined>,
): Promise<SaleAnswer> {
  const found = await known(sale.key);
  const answer = found && repeatAnswer(found, sale.digest);
  const ours = answer && answer !== "wait" && answer.kind === "answer";
  if (!ours) {
    const { bucket, transaction, businessDate: day, happening } = step;
    await options.writer.follow({
      do: "note",
      bucket,
      transaction,
      businessDate: day,
      responseCode: happening.responseCode,
      reason: "decided-before",
      at: happening.at,
      messages: step.messages.filter(({ hop }) => hop === "network-reply"),
    });
  }
  return answer === undefined || answer === "wait" ? { kind: "no-answer" } : answer;
}
