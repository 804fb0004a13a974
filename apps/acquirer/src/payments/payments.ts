/** Payments and reversals: written down, sent, decided, written down again, answered. */
import type { Clock } from "@tillway/link";
import { businessDate, type BusinessCalendar } from "@tillway/money";
import { closing } from "./closing.ts";
import { fullKeyText } from "./found.ts";
import type { FollowRules } from "./follow.ts";
import type { Numbers } from "./numbers.ts";
import { openStep, type TurnedAwayCode } from "./opening.ts";
import type { Store } from "./port.ts";
import type { CloseStep, Lease, OpenResult, OpenStep } from "./step.ts";
import {
  repeatAnswer,
  type Known,
  type NaturalKey,
  type Payment,
  type PaymentAnswer,
  type Reversal,
  type ReversalAnswer,
} from "./transaction.ts";

export type PaymentsOptions = {
  readonly store: Store;
  readonly numbers: Numbers;
  readonly clock: Clock;
  readonly calendar: BusinessCalendar;
  readonly lease: Lease;
  readonly rules: FollowRules;
  /** DE 39 for what is written down and turned away (wire/refusals.ts). */
  readonly codeOf: TurnedAwayCode;
  /** How long a network request may wait; the lease is this and `marginMs`. */
  readonly replyMs: number;
  readonly marginMs: number;
  /** Steps that may wait for the database; beyond, new requests are refused at once. */
  readonly mostWaiting: number;
  readonly onAdvice: () => void;
  readonly onFault: (what: string, error: unknown) => void;
};

export type Payments = {
  readonly pay: (payment: Payment) => Promise<PaymentAnswer>;
  readonly reversal: (reversal: Reversal) => Promise<ReversalAnswer>;
  /** The answer to a request that is known already; undefined where it is new. Writes nothing. */
  readonly repeat: (key: NaturalKey, digest: string) => Promise<PaymentAnswer | undefined>;
  /** Whether so much waits for the database that a new request could only be answered late. */
  readonly isOverloaded: () => boolean;
  /** Transactions that are waiting for the network in this process. */
  readonly inFlight: () => number;
};

const POLL_MS = 100;

/** What the functions of this file share. */
type Room = {
  readonly options: PaymentsOptions;
  /** What this process has sent, by key. */
  readonly waiting: Map<string, Promise<PaymentAnswer>>;
  readonly pause: () => Promise<void>;
};

/** Carries out what the state machine decides, for the payments of one node. */
export function openPayments(options: PaymentsOptions): Payments {
  const { clock, store } = options;
  const room: Room = {
    options,
    waiting: new Map(),
    pause: () =>
      new Promise((resolve) => {
        clock.after(POLL_MS, resolve);
      }),
  };
  const isOverloaded = (): boolean => store.depth().waiting > options.mostWaiting;
  return {
    pay: (payment) => pay(room, payment),
    reversal: (request) => reversal(options, request),
    repeat: async (key, digest) => {
      const found = await store.known(key);
      return found && answerKnown(room, key, digest, found);
    },
    isOverloaded,
    inFlight: () => room.waiting.size,
  };
}

/** The answer to a request that is known: what is stored, or what comes of it while it waits. */
async function answerKnown(
  room: Room,
  key: NaturalKey,
  digest: string,
  found: Known,
): Promise<PaymentAnswer> {
  const stored = repeatAnswer(found, digest);
  if (stored !== "wait") return stored;
  const local = room.waiting.get(fullKeyText(key));
  if (local) return local;
  // Another node sent it: its outcome will be in the database.
  const { clock, replyMs, marginMs, store } = room.options;
  const end = clock.now() + replyMs + marginMs;
  while (clock.now() <= end) {
    await room.pause();
    const later = await store.known(key);
    const answer = later && repeatAnswer(later, digest);
    if (answer && answer !== "wait") return answer;
  }
  return { kind: "no-answer" };
}

async function pay(room: Room, payment: Payment): Promise<PaymentAnswer> {
  const { options, waiting } = room;
  let step: OpenStep;
  let opened: OpenResult;
  try {
    step = openStep(payment, await options.store.limits(), options);
    opened = await options.store.open(step);
  } catch (error) {
    // Nothing was sent. If the row did get stored, its lease runs out and it is reversed.
    options.onFault("a request could not be written", error);
    return { kind: "failed" };
  }
  const { key, digest } = payment;
  if (opened.kind === "known") return answerKnown(room, key, digest, opened.known);
  if (opened.kind === "decided") {
    if (opened.advised) options.onAdvice();
    return { kind: "answer", reply: opened.reply, place: placeOf(step) };
  }
  const outcome = finish(room, payment, step);
  waiting.set(fullKeyText(key), outcome);
  try {
    return await outcome;
  } finally {
    waiting.delete(fullKeyText(key));
  }
}

const placeOf = ({ bucket, transaction, businessDate: day }: OpenStep) => ({
  bucket,
  transaction,
  businessDate: day,
});

async function reversal(options: PaymentsOptions, request: Reversal): Promise<ReversalAnswer> {
  const { clock, numbers, store } = options;
  const at = clock.now();
  const { key, digest, amount, reason } = request;
  const { answer, advised } = await store.reverse({
    do: "reverse",
    key,
    digest,
    amount,
    reason,
    at,
    businessDate: businessDate(at, options.calendar),
    messages: [
      { hop: "terminal-reversal", message: request.request },
      { hop: "reversal-reply", message: request.reply },
    ],
    spare: await numbers.spare(at),
  });
  if (advised) options.onAdvice();
  return answer;
}

/** Sends an opened payment and closes it. What cannot be made durable is not answered. */
async function finish(room: Room, payment: Payment, step: OpenStep): Promise<PaymentAnswer> {
  const { options } = room;
  const answer = await payment.send();
  const closed = await closing(payment, step, answer, options);
  while (options.clock.now() < step.leaseUntil) {
    try {
      const result = await options.store.close(closed.step);
      if (result.kind === "fenced") return await fenced(room, payment, closed.step);
      if (closed.step.advice) options.onAdvice();
      const passing = "passing" in answer ? answer.passing : {};
      return { kind: "answer", reply: { ...closed.reply, ...passing }, place: placeOf(step) };
    } catch (error) {
      // Whether the commit reached the disk is unknown: the next attempt finds it closed if it did.
      options.onFault("an outcome could not be written", error);
      await room.pause();
    }
  }
  return { kind: "no-answer" };
}

/** Somebody else decided: a reversal came first, the lease was taken, or our own commit was done. */
async function fenced(room: Room, payment: Payment, step: CloseStep): Promise<PaymentAnswer> {
  const { store } = room.options;
  const found = await store.known(payment.key);
  const answer = found && repeatAnswer(found, payment.digest);
  if (answer && answer !== "wait" && answer.kind === "answer") return answer;
  const { bucket, transaction, businessDate: day, happening } = step;
  await store.note({
    do: "note",
    type: "late-answer",
    key: null,
    bucket,
    transaction,
    businessDate: day,
    responseCode: happening.responseCode,
    reason: "decided-before",
    at: happening.at,
    messages: step.messages.filter(({ hop }) => hop === "network-reply"),
    advice: null,
  });
  return answer === undefined || answer === "wait" ? { kind: "no-answer" } : answer;
}
