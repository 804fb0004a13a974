/** Sales and reversals: written down, sent, decided, written down again, answered. */
import type { Clock } from "@tillway/link";
import { businessDate, type BusinessCalendar } from "@tillway/money";
import type { Database, Days } from "../db/index.ts";
import { closing } from "./closing.ts";
import type { Writer } from "./lanes.ts";
import type { Numbers } from "./numbers.ts";
import type { CloseStep, Lease, OpenResult, OpenStep } from "./step.ts";
import { readKnown } from "./store/index.ts";
import {
  repeatAnswer,
  type Known,
  type NaturalKey,
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

/** What the functions of this file share. */
type Room = {
  readonly options: PaymentsOptions;
  /** Sales that this process has sent, by transaction. */
  readonly waiting: Map<string, Promise<SaleAnswer>>;
  readonly known: (key: NaturalKey) => Promise<Known | undefined>;
  readonly pause: () => Promise<void>;
};

/** Carries out what the state machine decides, for the payments of one node. */
export function openPayments(options: PaymentsOptions): Payments {
  const { clock, database } = options;
  const room: Room = {
    options,
    waiting: new Map(),
    known: async (key) => (await database.use((sql) => readKnown(sql, [key])))[0],
    pause: () =>
      new Promise((resolve) => {
        clock.after(POLL_MS, resolve);
      }),
  };
  return {
    sale: (request) => sale(room, request),
    reversal: (request) => reversal(options, request),
    repeat: async (key, digest) => {
      const found = await room.known(key);
      return found && answerKnown(room, key, digest, found);
    },
    inFlight: () => room.waiting.size,
  };
}

/** The answer to a request that is known: what is stored, or what comes of it while it waits. */
async function answerKnown(
  room: Room,
  key: NaturalKey,
  digest: string,
  found: Known,
): Promise<SaleAnswer> {
  const stored = repeatAnswer(found, digest);
  if (stored !== "wait") return stored;
  const local = found.kind === "transaction" ? room.waiting.get(found.id) : undefined;
  if (local) return local;
  // Another node sent it: its outcome will be in the database.
  const { clock, replyMs, marginMs } = room.options;
  const end = clock.now() + replyMs + marginMs;
  while (clock.now() <= end) {
    await room.pause();
    const later = await room.known(key);
    const answer = later && repeatAnswer(later, digest);
    if (answer && answer !== "wait") return answer;
  }
  return { kind: "no-answer" };
}

async function sale(room: Room, request: Sale): Promise<SaleAnswer> {
  const { options, waiting } = room;
  const step = openStep(request, options);
  let opened: OpenResult;
  try {
    await options.days.ensure(step.businessDate);
    opened = await options.writer.open(step);
  } catch (error) {
    // Nothing was sent. If the row did get stored, its lease runs out and it is reversed.
    options.onFault("a request could not be written", error);
    return { kind: "failed" };
  }
  if (opened.kind === "known") return answerKnown(room, request.key, request.digest, opened.known);
  const outcome = finish(room, request, step);
  waiting.set(step.transaction, outcome);
  try {
    return await outcome;
  } finally {
    waiting.delete(step.transaction);
  }
}

async function reversal(options: PaymentsOptions, request: Reversal): Promise<ReversalAnswer> {
  const { clock, numbers, writer } = options;
  const at = clock.now();
  const today = businessDate(at, options.calendar);
  await options.days.ensure(today);
  const { key, digest, amount, reason } = request;
  const { answer, advised } = await writer.reverse({
    do: "reverse",
    key,
    digest,
    amount,
    reason,
    at,
    businessDate: today,
    messages: [
      { hop: "terminal-reversal", message: request.request },
      { hop: "reversal-reply", message: request.reply },
    ],
    spare: { adviceId: numbers.id(at), journalId: numbers.id(at), ...(await numbers.transmit(at)) },
  });
  if (advised) options.onAdvice();
  return answer;
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

/** Sends an opened sale and closes it. What cannot be made durable is not answered. */
async function finish(room: Room, sale: Sale, step: OpenStep): Promise<SaleAnswer> {
  const { options } = room;
  const answer = await sale.send();
  const closed = await closing(sale, step, answer, options);
  while (options.clock.now() < step.leaseUntil) {
    try {
      const result = await options.writer.close(closed.step);
      if (result.kind === "fenced") return await fenced(room, sale, closed.step);
      if (closed.step.advice) options.onAdvice();
      const passing = "passing" in answer ? answer.passing : {};
      return { kind: "answer", reply: { ...closed.reply, ...passing } };
    } catch (error) {
      // Whether the commit reached the disk is unknown: the next attempt finds it closed if it did.
      options.onFault("an outcome could not be written", error);
      await room.pause();
    }
  }
  return { kind: "no-answer" };
}

/** Somebody else decided: a reversal came first, the lease was taken, or our own commit was done. */
async function fenced(room: Room, sale: Sale, step: CloseStep): Promise<SaleAnswer> {
  const found = await room.known(sale.key);
  const answer = found && repeatAnswer(found, sale.digest);
  if (answer && answer !== "wait" && answer.kind === "answer") return answer;
  const { bucket, transaction, businessDate: day, happening } = step;
  await room.options.writer.follow({
    do: "note",
    bucket,
    transaction,
    businessDate: day,
    responseCode: happening.responseCode,
    reason: "decided-before",
    at: happening.at,
    messages: step.messages.filter(({ hop }) => hop === "network-reply"),
  });
  return answer === undefined || answer === "wait" ? { kind: "no-answer" } : answer;
}
