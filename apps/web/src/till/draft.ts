/** The order that the cashier is making: pure, told by (draft, happening). */
import type { TransactionName } from "@tillway/transactions";
import type { Entry, OfferedType } from "./terminal.ts";

const MOST_DIGITS = 10;

/** An original of another day or terminal, as its receipt has it. */
export type ByHand = {
  readonly rrn: string;
  readonly date: string;
  readonly authorizationCode: string;
};

/** An original of the journal, and the most that may be asked of it where there is a limit. */
export type Original = { readonly entry: Entry; readonly most?: string | undefined };

export type Draft = {
  readonly type: TransactionName;
  /** Digits of minor units, as typed. */
  readonly minor: string;
  readonly original?: Original;
  readonly byHand?: ByHand;
  /** Takes what the bank approves of the amount. */
  readonly partial: boolean;
  /** Reads the card although the journal knows it. */
  readonly readCard: boolean;
  readonly periods: number;
  readonly payer: "holder" | "merchant";
  /** A card number, or a card of the tray. */
  readonly receiver: string;
};

export type Happening =
  | { readonly do: "digits"; readonly digits: string }
  | { readonly do: "erase" | "clear" | "done" | "by-hand" }
  /** Minor units to begin with. */
  | { readonly do: "choose"; readonly type: TransactionName; readonly minor?: string }
  | { readonly do: "follow"; readonly type: TransactionName; readonly original: Original }
  | { readonly do: "hand"; readonly byHand: Partial<ByHand> }
  | {
      readonly do: "set";
      readonly to: Partial<Pick<Draft, "partial" | "readCard" | "periods" | "payer" | "receiver">>;
    };

export const firstDraft: Draft = {
  type: "sale",
  minor: "",
  partial: false,
  readCard: false,
  periods: 12,
  payer: "holder",
  receiver: "",
};

export function drafted(draft: Draft, happening: Happening): Draft {
  switch (happening.do) {
    case "digits": {
      const minor = (draft.minor + happening.digits).replace(/^0+/, "");
      return minor.length > MOST_DIGITS ? draft : { ...draft, minor };
    }
    case "erase":
      return { ...draft, minor: draft.minor.slice(0, -1) };
    case "clear":
      return draft.minor === "" ? firstDraft : { ...draft, minor: "" };
    case "done":
      // The switch stays as it was set: it is the shop's habit, not this order's.
      return { ...firstDraft, partial: draft.partial };
    case "choose": {
      const { type, minor = draft.minor } = happening;
      return { ...firstDraft, partial: draft.partial, type, minor };
    }
    case "follow": {
      const { type, original } = happening;
      return { ...firstDraft, partial: draft.partial, type, original };
    }
    case "by-hand": {
      const { original: _, ...rest } = draft;
      return { ...rest, byHand: { rrn: "", date: "", authorizationCode: "" } };
    }
    case "hand":
      if (!draft.byHand) return draft;
      return { ...draft, byHand: { ...draft.byHand, ...happening.byHand } };
    case "set":
      return { ...draft, ...happening.to };
  }
}

/** Whether an amount is typed; otherwise it is the original's, or there is none. */
export function takesAmount(draft: Draft, { amount }: OfferedType): boolean {
  if (amount === "none") return false;
  return amount !== "same" || draft.byHand !== undefined;
}

/** The amount that the order asks for, as far as it is known here: what was typed, or all of it. */
export function amountOf(draft: Draft, offered: OfferedType): string {
  const { minor, original } = draft;
  if (minor !== "" && takesAmount(draft, offered)) return minor;
  if (!original || offered.amount === "tip") return "";
  return original.most ?? original.entry.amount;
}

export type Lack = "original" | "reference" | "amount" | "less" | "receiver" | "periods";

/** What the order still needs before it can go; undefined where it is complete. */
export function lackOf(draft: Draft, offered: OfferedType): Lack | undefined {
  const { original, byHand, type, receiver, periods } = draft;
  if (offered.follows.length > 0 && !original && !byHand) return "original";
  if (byHand && !/^[0-9A-Za-z]{12}$/.test(byHand.rrn)) return "reference";
  if (byHand && !/^(\d{4})?$/.test(byHand.date)) return "reference";
  if (byHand && !/^([0-9A-Za-z]{6})?$/.test(byHand.authorizationCode)) return "reference";
  const amount = amountOf(draft, offered);
  if (offered.amount !== "none" && amount === "") return "amount";
  if (original?.most !== undefined && amount !== "" && BigInt(amount) > BigInt(original.most)) {
    return "less";
  }
  if (type === "transfer" && receiver === "") return "receiver";
  const whole = Number.isInteger(periods) && periods >= 2 && periods <= 99;
  return type === "instalment sale" && !whole ? "periods" : undefined;
}

/** What the terminal is told to begin; the form of its local API. */
export type TransactionOrder = {
  readonly type: TransactionName;
  readonly currency: string;
  readonly amount?: string;
  readonly tip?: string;
  readonly original?: Readonly<Record<string, string>>;
  readonly plan?: { readonly periods: number; readonly code: string; readonly payer: string };
  readonly receiver?: string;
  readonly partial?: boolean;
  readonly readCard?: boolean;
  readonly keyed?: { readonly pan: string; readonly expiry: string } | { readonly card: string };
};

/** The bank's own plan; others are agreed with it. */
const PLAN_CODE = "01";

/** A complete draft as an order. */
export function orderOf(draft: Draft, offered: OfferedType, currency: string): TransactionOrder {
  const { type, original, byHand, minor, receiver, periods, payer } = draft;
  const amount = amountOf(draft, offered);
  const given =
    offered.amount === "tip" ? { tip: minor } : takesAmount(draft, offered) ? { amount } : {};
  return {
    type,
    currency,
    ...given,
    ...(original ? { original: { transaction: original.entry.id } } : {}),
    ...(byHand ? { original: filled(byHand) } : {}),
    // A card of another day or terminal is not in the journal.
    ...(draft.readCard || byHand ? { readCard: true } : {}),
    ...(type === "instalment sale" ? { plan: { periods, code: PLAN_CODE, payer } } : {}),
    ...(type === "transfer" ? { receiver } : {}),
    ...(type === "sale" && draft.partial ? { partial: true } : {}),
  };
}

function filled(byHand: ByHand): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(byHand).filter(([, value]) => value !== ""));
}
