import { catalogue, type TransactionName } from "@tillway/transactions";
import { currency, parseMajor } from "@tillway/money";
import type { Flags, Given } from "../arguments.ts";
import { CommandError, say, type Ending } from "../output.ts";
import {
  findDevice,
  findOriginal,
  knownToAcquirer,
  type Device,
  type Original,
  type PaymentAnswer,
} from "../system/payment.ts";
import type { Command } from "./command.ts";

/** The ending of a transaction: exit 0 only where it was approved. */
export function paymentEnding(answer: PaymentAnswer): Ending {
  return { exit: answer.outcome === "approved" ? 0 : 2, text: answer.receipt, json: answer };
}

/** Minor units of an amount on the command line. Throws CommandError where it is none. */
export function amountOf(text: string | undefined, flag = "amount"): string {
  const cny = currency("CNY");
  const amount = text === undefined || !cny ? undefined : parseMajor(text, cny);
  if (!amount) throw new CommandError(`--${flag} takes a decimal amount such as 25.80`);
  return amount.minor.toString();
}

const entries = ["chip", "tap", "swipe", "manual"];

const presented: Flags = {
  entry: { takes: "ENTRY", meaning: "chip (default), tap, swipe or manual" },
  card: {
    takes: "NAME",
    meaning: "a demonstration card (default unionpay-debit, or the original's); twice: two at once",
    many: true,
  },
  pin: { takes: "DIGITS", meaning: "the PIN that is typed (default: the card's own)" },
  pan: { takes: "DIGITS", meaning: "with --entry manual: a card number instead of a card" },
  expiry: { takes: "YYMM", meaning: "and its expiry" },
  terminal: { takes: "TID", meaning: "the terminal (default: the first)" },
};
const amount: Flags = { amount: { takes: "AMOUNT", meaning: "amount in CNY, such as 25.80" } };
const original: Flags = {
  rrn: { takes: "REFERENCE", meaning: "the original's reference" },
  transaction: { takes: "ID", meaning: "or its id" },
  stan: { takes: "DIGITS", meaning: "or its trace number at this terminal" },
  batch: { takes: "DIGITS", meaning: "and its batch (default: the open one)" },
  date: { takes: "MMDD", meaning: "its date, where this terminal does not know it" },
  code: { takes: "CODE", meaning: "its authorisation code, where this terminal does not know it" },
};

/** What one command adds to the order. */
type More = (given: Given) => Readonly<Record<string, unknown>>;

type Kind = {
  readonly name: string;
  readonly words?: string;
  readonly meaning: string;
  readonly type: TransactionName | ((given: Given) => TransactionName);
  readonly flags?: Flags;
  readonly more?: More;
};

/** The command of a transaction type; which amount and which original it takes the catalogue says. */
export function transaction(kind: Kind): Command {
  const typeOf = (given: Given): TransactionName =>
    typeof kind.type === "string" ? kind.type : kind.type(given);
  const usual: TransactionName = typeof kind.type === "string" ? kind.type : "completion";
  const { follows, amount: rule } = catalogue[usual];
  const takesAmount = rule !== "none" && rule !== "tip";
  return {
    words: `${kind.name} ${kind.words ?? (rule === "free" ? "--amount 25.80" : "--rrn REFERENCE")}`,
    meaning: kind.meaning,
    flags: {
      ...(takesAmount ? amount : {}),
      ...(follows.length > 0 ? original : {}),
      ...kind.flags,
      ...presented,
    },
    run: async (given, { data }) => {
      const text = given.value("amount");
      const minor = text === undefined && rule !== "free" ? undefined : amountOf(text);
      const order = {
        type: typeOf(given),
        currency: "CNY",
        ...kind.more?.(given),
        ...(takesAmount && minor !== undefined ? { amount: minor } : {}),
      };
      const card = presentedBy(given, follows.length === 0);
      const device = await findDevice(data, given.value("terminal"));
      if (follows.length === 0) return place(data, device, { ...order, ...card });
      const named = await originalOf(data, given);
      const elsewhere = named.terminal !== undefined && named.terminal !== device.tid;
      // What the other terminal knows is said by hand.
      const same = elsewhere && rule === "same" && minor === undefined;
      const full = {
        ...order,
        ...(same ? { amount: named.amount } : {}),
        original: named.original,
        ...card,
      };
      return place(data, device, full, named.pan);
    },
  };
}

/** How the card is presented. A follow-up takes the original's unless something is said. */
function presentedBy(given: Given, always: boolean): Readonly<Record<string, unknown>> {
  const entry = given.value("entry");
  const cards = given.values("card");
  const pin = given.value("pin");
  const pan = given.value("pan");
  if (entry === "qr-scan" || entry === "qr-show") {
    throw new CommandError(`--entry ${entry}: payments by code are not offered yet`);
  }
  if (entry !== undefined && !entries.includes(entry)) {
    throw new CommandError(`--entry ${entry} is not known: use ${entries.join(", ")}`);
  }
  if (pin !== undefined && !/^\d{4,12}$/.test(pin)) {
    throw new CommandError("--pin takes 4 to 12 digits");
  }
  const keyed = pan === undefined ? {} : { keyed: { pan, expiry: given.value("expiry") ?? "" } };
  if (!always && entry === undefined && cards.length === 0 && pan === undefined) return {};
  const names = cards.length === 0 && pan === undefined ? ["unionpay-debit"] : cards;
  return {
    entry: entry ?? (pan === undefined ? "chip" : "manual"),
    ...(names.length === 0 ? {} : { card: names.length === 1 ? names[0] : names }),
    ...(pin === undefined ? {} : { pin }),
    ...keyed,
  };
}

async function originalOf(data: string, given: Given): Promise<Original> {
  const [rrn, id, stan] = [given.value("rrn"), given.value("transaction"), given.value("stan")];
  if (rrn === undefined && id === undefined && stan === undefined) {
    throw new CommandError("name the original with --rrn, --transaction or --stan");
  }
  const found = await findOriginal(data, { rrn, id });
  const optional = (name: string, value: string | undefined): Record<string, string> =>
    value === undefined ? {} : { [name]: value };
  return {
    ...found,
    original: {
      ...found.original,
      ...optional("stan", stan),
      ...optional("batch", given.value("batch")),
      ...optional("date", given.value("date")),
      ...optional("authorizationCode", given.value("code")),
    },
  };
}

/** Refusals by a rule, told apart from a command that could not be carried out. */
const byRule: ReadonlySet<string> = new Set([
  "unknown-original",
  "wrong-original",
  "not-allowed",
  "card-needed",
]);

async function place(
  data: string,
  device: Device,
  order: Readonly<Record<string, unknown>>,
  pan?: string,
): Promise<Ending> {
  try {
    const answer = (await device.post("transactions", order)) as PaymentAnswer;
    return paymentEnding(await knownToAcquirer(data, answer));
  } catch (error) {
    const { error: problem } = (error instanceof CommandError ? error.json : {}) as {
      error?: { code?: string; title?: string };
    };
    const code = problem?.code ?? "";
    if (code === "card-needed" && !("entry" in order)) {
      say("the original's card is not known to this terminal any more: it is read again");
      const all = (await device.get("cards")) as readonly { name: string; maskedPan: string }[];
      const card = all.find(({ maskedPan }) => maskedPan === pan)?.name ?? "unionpay-debit";
      return place(data, device, { ...order, entry: "chip", card });
    }
    if (!byRule.has(code)) throw error;
    const json = { outcome: "refused", responseCode: "", terminal: device.tid, error: problem };
    return { exit: 2, text: problem?.title ?? code, json };
  }
}
