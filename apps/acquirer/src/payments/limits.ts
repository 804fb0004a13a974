/** Limits: which apply to a request, and whether what was used already leaves room. Pure. */
import { catalogue, type TransactionName } from "@tillway/transactions";

export const limitLevels = ["institution", "merchant", "terminal"] as const;
export const limitSubjects = ["merchant", "terminal", "card"] as const;
export const limitSpans = ["transaction", "day", "month"] as const;
export const limitEntries = ["any", "manual", "stripe", "chip", "contactless", "no-pin"] as const;

export type LimitEntry = (typeof limitEntries)[number];

/** One row of the table of limits; amounts in minor units, null: not limited. */
export type Limit = {
  readonly level: (typeof limitLevels)[number];
  /** The merchant or terminal that it is for; empty for the institution. */
  readonly owner: string;
  /** A type of the catalogue, or null for all that take money from a card. */
  readonly type: TransactionName | null;
  readonly entry: LimitEntry;
  readonly subject: (typeof limitSubjects)[number];
  readonly span: (typeof limitSpans)[number];
  readonly amount: bigint | null;
  readonly count: number | null;
  /** "YYYY-MM-DD": rules change on a day; the newest that has begun holds. */
  readonly validFrom: string;
};

const everywhere = { level: "institution", owner: "", subject: "card" } as const;
const since = (validFrom: string) => ({ ...everywhere, validFrom });

/**
 * What a first start puts in. Dated, as they are rules of their day: contactless without PIN and
 * signature was 300.00 and is 1,000.00 since June 2018 (China UnionPay); the others are an
 * acquirer's usual caution and are there to be changed.
 */
export const defaultLimits: readonly Limit[] = [
  {
    ...since("2015-01-01"),
    type: null,
    entry: "no-pin",
    span: "transaction",
    amount: 30_000n,
    count: null,
  },
  {
    ...since("2018-06-01"),
    type: null,
    entry: "no-pin",
    span: "transaction",
    amount: 100_000n,
    count: null,
  },
  {
    ...since("2015-01-01"),
    type: null,
    entry: "manual",
    span: "transaction",
    amount: 500_000n,
    count: null,
  },
  {
    ...since("2015-01-01"),
    type: null,
    entry: "manual",
    span: "day",
    amount: 1_000_000n,
    count: null,
  },
  {
    ...since("2015-01-01"),
    type: "withdrawal",
    entry: "any",
    span: "transaction",
    amount: 200_000n,
    count: null,
  },
  {
    ...since("2015-01-01"),
    type: "withdrawal",
    entry: "any",
    span: "day",
    amount: 2_000_000n,
    count: 10,
  },
];

export type LimitedRequest = {
  readonly name: TransactionName;
  readonly merchant: string;
  readonly terminal: string;
  readonly panToken: string;
  /** DE 22. */
  readonly entryMode: string;
  /** A phone verified its owner in place of a PIN. */
  readonly verifiedOnDevice: boolean;
  readonly amount: bigint;
  readonly businessDate: string;
};

/** What a request counts against one limit; `subject` and `period` name the counter. */
export type Draw = {
  readonly subject: string;
  readonly period: string;
  readonly amount: bigint;
  readonly mostAmount: bigint | null;
  readonly mostCount: number | null;
};

export type Use = { readonly amount: bigint; readonly count: number };
export const unused: Use = { amount: 0n, count: 0 };

const ENTRIES: Readonly<Record<string, LimitEntry>> = {
  "01": "manual",
  "02": "stripe",
  "05": "chip",
  "07": "contactless",
  "80": "stripe",
  "90": "stripe",
  "91": "contactless",
  "98": "contactless",
};

/**
 * Whether a request is of a limit's kind, by how the card was read; `no-pin`: contactless, and nobody
 * was verified, neither by a PIN nor on the phone.
 */
function reads(entry: LimitEntry, request: LimitedRequest): boolean {
  const { entryMode: mode, verifiedOnDevice } = request;
  const own = ENTRIES[mode.slice(0, 2)];
  if (entry === "any") return true;
  if (entry === "no-pin") {
    return own === "contactless" && mode.charAt(2) !== "1" && !verifiedOnDevice;
  }
  return own === entry;
}

/** Types that take money, or set it apart, when nothing stands behind them yet. */
function isLimited(name: TransactionName): boolean {
  const { follows, issuing } = catalogue[name];
  return follows.length === 0 && ["debit", "hold", "promise"].includes(issuing);
}

const nameOf = ({ type, entry, subject, span }: Limit): string =>
  [type ?? "any", entry, subject, span].join("/");

/** The limits that hold for a request: of each kind the nearest level, and there the newest. */
export function limitsFor(limits: readonly Limit[], request: LimitedRequest): Limit[] {
  if (!isLimited(request.name)) return [];
  const owners = { institution: "", merchant: request.merchant, terminal: request.terminal };
  const nearest = new Map<string, Limit>();
  for (const limit of limits) {
    if (limit.owner !== owners[limit.level] || limit.validFrom > request.businessDate) continue;
    if (limit.type !== null && limit.type !== request.name) continue;
    if (!reads(limit.entry, request)) continue;
    const before = nearest.get(nameOf(limit));
    const rank = (one: Limit): string => `${limitLevels.indexOf(one.level)}${one.validFrom}`;
    if (!before || rank(limit) > rank(before)) nearest.set(nameOf(limit), limit);
  }
  return [...nearest.values()];
}

/** Which limit of a single transaction a request is over: 61. */
export function overSingle(limits: readonly Limit[], request: LimitedRequest): boolean {
  return limitsFor(limits, request).some(
    ({ span, amount }) => span === "transaction" && amount !== null && request.amount > amount,
  );
}

/** What a request counts against the limits of its day and its month. */
export function drawsOf(limits: readonly Limit[], request: LimitedRequest): Draw[] {
  const ids = {
    merchant: request.merchant,
    terminal: request.terminal,
    card: request.panToken,
  } as const;
  return limitsFor(limits, request)
    .filter(({ span, amount, count }) => span !== "transaction" && (amount ?? count) !== null)
    .map((limit) => ({
      subject: `${nameOf(limit)}/${ids[limit.subject]}`,
      period: limit.span === "day" ? request.businessDate : request.businessDate.slice(0, 7),
      amount: request.amount,
      mostAmount: limit.amount,
      mostCount: limit.count,
    }));
}

/** In order of precedence (codes: wire/refusals.ts). */
export const limitRefusals = ["over-limit", "over-count"] as const;
export type LimitRefusal = (typeof limitRefusals)[number];

/** Why a request finds no room; undefined where all its draws fit beside what is used. */
export function limitRefusal(
  draws: readonly Draw[],
  used: (draw: Draw) => Use,
): LimitRefusal | undefined {
  const over = draws.some(
    (draw) => draw.mostAmount !== null && used(draw).amount + draw.amount > draw.mostAmount,
  );
  if (over) return "over-limit";
  const often = draws.some((one) => one.mostCount !== null && used(one).count + 1 > one.mostCount);
  return often ? "over-count" : undefined;
}

/** The name of a counter. */
export const counterOf = ({ subject, period }: Pick<Draw, "subject" | "period">): string =>
  `${subject}@${period}`;
