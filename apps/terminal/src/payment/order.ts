/** What a cashier or a script asks for, and the transaction that is made of it. */
import { currency, localParts, luhnValid, uuidv7, type Currency } from "@tillway/money";
import { catalogue, follows, type TransactionName } from "@tillway/transactions";
import type { Clock } from "@tillway/link";
import type { Journal, JournalTransaction } from "../journal/index.ts";
import { parametersOf } from "../session/index.ts";
import type { Configurations } from "./configuration.ts";
import type { Original, Payment, Plan } from "./flow.ts";
import { transactionInput } from "./times.ts";

/** How an original is named: by what the journal knows, or all of it by hand. */
export type Named = {
  /** The journal's own id. */
  readonly transaction?: string | undefined;
  readonly rrn?: string | undefined;
  readonly batch?: string | undefined;
  readonly stan?: string | undefined;
  /** MMDD. */
  readonly date?: string | undefined;
  readonly authorizationCode?: string | undefined;
};

export type Order = {
  readonly type: TransactionName;
  /** Minor units; where it is left out, the original's. */
  readonly amount?: string | undefined;
  readonly currency: string;
  readonly original?: Named | undefined;
  readonly tip?: string | undefined;
  readonly plan?: Plan | undefined;
  /** Card number that a transfer goes to. */
  readonly receiver?: string | undefined;
  readonly partial?: boolean | undefined;
  /** A card number keyed in, and YYMM. */
  readonly keyed?: { readonly pan: string; readonly expiry: string } | undefined;
  /** Reads a card although the original's is known. */
  readonly readCard?: boolean | undefined;
};

/** Why an order is not taken. */
export type Refusal =
  | "bad-amount"
  | "bad-currency"
  | "bad-order"
  | "bad-card-number"
  | "unknown-original"
  | "wrong-original"
  | "card-needed"
  | "not-allowed";

export type Opening = {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly zone: string;
  readonly configurations: () => Configurations;
  readonly fallback: boolean;
  /** How many offline approvals may wait to be sent, and how much in all (minor units). */
  readonly offline: { readonly count: number; readonly amount: bigint };
};

/** Types that the device begins by itself. */
export const own: ReadonlySet<TransactionName> = new Set([
  "offline chip sale",
  "deposit confirmation",
  "transfer confirmation",
]);

/** Some originals have a void of their own. */
const others: Partial<Record<TransactionName, TransactionName>> = {
  "sale void": "instalment void",
};

/** The transaction of an order, with the next trace number, or why it is not taken. */
export function openPayment(order: Order, tools: Opening): Payment | Refusal {
  const money = currency(order.currency);
  if (!money) return "bad-currency";
  const wrong = unfit(order, tools);
  if (wrong) return wrong;
  const found = order.original && findOriginal(order.original, tools);
  const type = typeFor(order.type, found);
  if (type === undefined) return "wrong-original";
  const old = found !== undefined && found.batch !== tools.journal.batch();
  if (old && catalogue[type].openBatch) return "wrong-original";
  const original = originalOf(order, type, found, tools);
  if (typeof original === "string") return original;
  const amount = amountOf(order, type, original);
  if (amount === undefined) return "bad-amount";
  const card = order.readCard === true || !found ? undefined : tools.journal.card(found.id);
  // Without the journal's help a card has to be there, or its number given.
  if (original && !card && !order.keyed && order.readCard !== true) return "card-needed";
  return payment(order, { type, original, amount, money, card }, tools);
}

/** What can be said of an order before its original is looked for. */
function unfit(order: Order, { journal }: Opening): Refusal | undefined {
  const { type, original, tip, plan, receiver, keyed } = order;
  const parameters = parametersOf(journal.setting("parameters"));
  if (own.has(type)) return "bad-order";
  if (catalogue[type].follows.length > 0 !== (original !== undefined)) return "bad-order";
  if ((type === "tip adjustment") !== (tip !== undefined)) return "bad-order";
  if ((type === "instalment sale") !== (plan !== undefined)) return "bad-order";
  if ((type === "transfer") !== (receiver !== undefined)) return "bad-order";
  if (tip !== undefined && !/^[1-9]\d{0,11}$/.test(tip)) return "bad-amount";
  if (receiver !== undefined && !luhnValid(receiver)) return "bad-card-number";
  if (keyed && !(luhnValid(keyed.pan) && /^\d{4}$/.test(keyed.expiry))) return "bad-card-number";
  if (keyed && !parameters.manualEntry) return "not-allowed";
  return type === "tip adjustment" && !parameters.tips ? "not-allowed" : undefined;
}

function findOriginal(named: Named, { journal }: Opening): JournalTransaction | undefined {
  const { transaction: id, rrn, stan, batch } = named;
  return journal.find({ id, rrn, stan, batch });
}

/** The type that may follow what was found; undefined where none of this kind may. */
function typeFor(
  type: TransactionName,
  found: JournalTransaction | undefined,
): TransactionName | undefined {
  if (!found) return type;
  const fitting = [type, others[type]].find((one) => one && follows(one, found.type));
  return found.state === "approved" ? fitting : undefined;
}

function originalOf(
  { original: named }: Order,
  type: TransactionName,
  found: JournalTransaction | undefined,
  { clock, zone, journal }: Opening,
): Original | undefined | Refusal {
  if (!named) return undefined;
  const today = localParts(clock.now(), zone).date.slice(5).replace("-", "");
  if (found) {
    return {
      rrn: found.rrn ?? "",
      batch: found.batch,
      stan: found.stan,
      date: found.hostDate ?? today,
      authorizationCode: found.authorizationCode ?? "",
      amount: withTips(found, journal),
    };
  }
  const { rrn = "", batch = "", stan = "", date, authorizationCode = "" } = named;
  const enough = rrn !== "" || (batch !== "" && stan !== "" && date !== undefined);
  // What must be of this terminal's open batch is in its journal.
  if (catalogue[type].openBatch || !enough) return "unknown-original";
  return { rrn, batch, stan, date: date ?? today, authorizationCode, amount: "" };
}

/** What an original comes to: the latest tip's message told the amount with it. */
function withTips({ rrn, batch, amount }: JournalTransaction, journal: Journal): string {
  const tips = journal
    .ofBatch(batch)
    .filter((one) => one.type === "tip adjustment" && one.originalRrn === rrn)
    .filter(({ state }) => state === "approved" || state === "open");
  return tips.at(-1)?.amount ?? amount;
}

/** Minor units, as the type's rule has them; undefined where the order does not fit it. */
function amountOf(
  order: Order,
  type: TransactionName,
  original: Original | undefined,
): string | undefined {
  const known = original?.amount === "" ? undefined : original?.amount;
  const given = order.amount;
  if (given !== undefined && !/^[1-9]\d{0,11}$/.test(given)) return undefined;
  switch (catalogue[type].amount) {
    case "none":
      return given === undefined ? "0" : undefined;
    case "free":
      return given;
    case "same":
      return known === undefined || given === undefined || given === known
        ? (known ?? given)
        : undefined;
    case "part":
    case "hold":
      return given ?? known;
    case "tip":
      return known === undefined
        ? undefined
        : (BigInt(known) + BigInt(order.tip ?? "0")).toString();
  }
}

type Found = {
  readonly type: TransactionName;
  readonly original: Original | undefined;
  readonly amount: string;
  readonly money: Currency;
  readonly card: { readonly pan: string; readonly expiry: string } | undefined;
};

function payment(order: Order, found: Found, tools: Opening): Payment | Refusal {
  const { journal, clock, random, zone, fallback } = tools;
  const { type, original, amount, money, card } = found;
  const { tipPercent } = parametersOf(journal.setting("parameters"));
  const base = BigInt(original?.amount === "" ? "0" : (original?.amount ?? "0"));
  if (order.tip !== undefined && BigInt(order.tip) * 100n > base * BigInt(tipPercent)) {
    return "not-allowed";
  }
  const now = clock.now();
  const stan = journal.nextStan();
  const { contact, contactless } = tools.configurations();
  const service = catalogue[type].pos.processing.slice(0, 2);
  return {
    id: uuidv7(now, random(10)),
    stan,
    batch: journal.batch(),
    type,
    amount,
    currency: money.code,
    configuration: contact,
    contactless,
    transaction: transactionInput({
      amount,
      currency: money,
      // A hold is for goods and services, as a sale.
      type: service === "03" ? "00" : service,
      forceOnline: type !== "sale" || !roomOffline(amount, tools),
      stan,
      now,
      zone,
      random,
    }),
    ...(original === undefined ? {} : { original }),
    ...(order.tip === undefined ? {} : { tip: order.tip }),
    ...(order.plan === undefined ? {} : { plan: order.plan }),
    ...(order.receiver === undefined ? {} : { receiver: order.receiver }),
    partial: order.partial === true && type === "sale",
    ...(order.keyed ? { keyed: { ...order.keyed, from: "keyed" } as const } : {}),
    ...(!order.keyed && card ? { keyed: { ...card, from: "original" } as const } : {}),
    fallback,
  };
}

/** Whether one more approval of the card alone may wait to be sent. */
function roomOffline(amount: string, { journal, offline }: Opening): boolean {
  const waiting = journal
    .dues()
    .filter(({ kind }) => kind === "advice")
    .flatMap(({ id }) => journal.find({ id }) ?? [])
    .filter(({ type }) => type === "offline chip sale");
  const sum = waiting.reduce((total, one) => total + BigInt(one.amount), BigInt(amount));
  return waiting.length < offline.count && sum <= offline.amount;
}
