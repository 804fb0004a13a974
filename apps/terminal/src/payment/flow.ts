/** The states, events and effects of a transaction from its order to its end. */
import type { ContactlessConfiguration, KernelConfiguration, TransactionInput } from "@tillway/emv";
import type { TransactionName } from "@tillway/transactions";
import type { KeptCard } from "../journal/index.ts";
import type { HostWords, Readiness, Verdict } from "../session/index.ts";
import type { CardData, CardFacts } from "./card.ts";
import type { Ending } from "./ending.ts";
import type { Reader } from "./reader.ts";
import type { Prompt } from "./screen.ts";

/** The transaction that one follows, as far as the journal or the cashier knows it. */
export type Original = {
  /** Empty where it is not known. */
  readonly rrn: string;
  readonly batch: string;
  readonly stan: string;
  /** MMDD. */
  readonly date: string;
  readonly authorizationCode: string;
  /** Minor units; empty where it is not known. */
  readonly amount: string;
};

/** An instalment plan: how many payments, the bank's plan, who pays its fee. */
export type Plan = {
  readonly periods: number;
  readonly code: string;
  readonly payer: "holder" | "merchant";
};

export type Payment = {
  readonly id: string;
  readonly stan: string;
  readonly batch: string;
  readonly type: TransactionName;
  /** Minor units, decimal digits, and the currency's letters. */
  readonly amount: string;
  readonly currency: string;
  readonly configuration: KernelConfiguration;
  readonly contactless: ContactlessConfiguration;
  readonly transaction: TransactionInput;
  readonly original?: Original;
  /** Minor units. */
  readonly tip?: string;
  readonly plan?: Plan;
  /** Card number that a transfer goes to: memory only. */
  readonly receiver?: string;
  /** Whether a part of the amount would be taken. */
  readonly partial: boolean;
  /** A card that is not read: keyed in, or the original's. */
  readonly keyed?: KeptCard & { readonly from: "keyed" | "original" };
  /** Whether a foreign card whose chip failed may be swiped. */
  readonly fallback: boolean;
};

/** An encrypted PIN with the generation of the key that it is under. */
export type PinBlock = { readonly block: string; readonly generation: number };

export type Stage =
  | "idle"
  | "preparing"
  | "card"
  | "reading"
  | "pin"
  | "online"
  | "completing"
  | "following"
  | "signature"
  | "remove"
  | "result";

/** Holds card data in clear while a payment runs: memory only, never logged. */
export type Flow = {
  readonly stage: Stage;
  readonly prompt: Prompt;
  readonly card: string | null;
  readonly pinDigits: number;
  /** Counts the commands to the card, so that an answer that comes too late is known as such. */
  readonly turn: number;
  readonly payment?: Payment;
  /** The contactless reader while it waits, or whichever read the card. */
  readonly reader?: Reader;
  /** The card's chip was tried and did not work. */
  readonly chipFailed?: boolean;
  /** Why the last card presented was not taken: how it ends where no other comes. */
  readonly hint?: Ending;
  /** The card as the request names it. */
  readonly data?: CardData;
  readonly facts?: CardFacts;
  readonly pin?: PinBlock;
  /** The card left while the host was asked. */
  readonly cardGone?: boolean;
  readonly verdict?: Verdict;
  readonly ending?: Ending;
};

/** Strokes of a pen as a picture: one bit a point, rows of bytes. */
export type SignatureImage = Uint8Array;

export type FlowEvent =
  | { readonly type: "begin"; readonly payment: Payment }
  /** `batch`: the one that is open after a sign-in, if there was one. */
  | { readonly type: "prepared"; readonly readiness: Readiness; readonly batch: string }
  | { readonly type: "inserted"; readonly card: string }
  /** Cards in the field at once. */
  | { readonly type: "tapped"; readonly cards: number }
  /** Track 2 of a swiped card. */
  | { readonly type: "swiped"; readonly track: string }
  | { readonly type: "removed" | "cancelled" | "no-card" | "dismissed" }
  | { readonly type: "card-answered"; readonly turn: number; readonly apdu: Uint8Array }
  | { readonly type: "card-failed"; readonly turn: number }
  | { readonly type: "pin-count"; readonly digits: number }
  | { readonly type: "pin-entered"; readonly pin: PinBlock }
  /** A block of format 2 for the card and its padding; the kernel overwrites both. */
  | { readonly type: "offline-pin-entered"; readonly pin: Uint8Array; readonly padding: Uint8Array }
  | { readonly type: "pin-cancelled" | "pin-timed-out" }
  | { readonly type: "verdict"; readonly verdict: Verdict }
  /** What had to follow was sent; `done`: and answered. */
  | { readonly type: "followed"; readonly done: boolean }
  | { readonly type: "signed"; readonly image: SignatureImage }
  | { readonly type: "signs-on-paper" | "failed" };

export type Effect =
  | { readonly do: "prepare" }
  | {
      readonly do: "transmit";
      readonly apdu: Uint8Array;
      readonly turn: number;
      /** Holds a PIN: to be overwritten once it is sent. */
      readonly secret: boolean;
    }
  | { readonly do: "ask-pin"; readonly pan: string }
  | { readonly do: "ask-offline-pin"; readonly padding: number }
  | { readonly do: "close-pin" }
  | {
      readonly do: "authorise";
      readonly payment: Payment;
      readonly data: CardData;
      readonly pin: PinBlock | undefined;
    }
  /** The card approved by itself: keep it and send it later. */
  | { readonly do: "keep-offline"; readonly payment: Payment; readonly data: CardData }
  | { readonly do: "settle"; readonly id: string; readonly host: HostWords }
  /** A promise was approved: its confirmation is owed from now on. */
  | {
      readonly do: "confirm";
      readonly payment: Payment;
      readonly data: CardData;
      readonly host: HostWords;
    }
  /** Nothing moved: the promise is not confirmed, the answer not needed. */
  | { readonly do: "lapse"; readonly id: string }
  | {
      readonly do: "demand-reversal";
      readonly id: string;
      readonly host: HostWords;
      /** DE 55 of the reversal. */
      readonly data: Uint8Array;
    }
  /** The card ran the issuer's scripts: the issuer is owed the result. */
  | {
      readonly do: "owe-script";
      readonly payment: Payment;
      readonly data: CardData;
      readonly host: HostWords;
      /** DE 55 of the notice. */
      readonly result: Uint8Array;
    }
  | {
      readonly do: "keep-signature";
      readonly payment: Payment;
      readonly host: HostWords;
      readonly facts: CardFacts;
      readonly image: SignatureImage;
    }
  /** Something broke: what may have been sent is to be undone. */
  | { readonly do: "abandon"; readonly id: string }
  /** Sends what is owed and waits for it. */
  | { readonly do: "follow" }
  /** Sends what is owed, later. */
  | { readonly do: "attend" }
  | {
      readonly do: "conclude";
      readonly payment: Payment;
      readonly ending: Ending;
      readonly host: HostWords | undefined;
      readonly facts: CardFacts | undefined;
    };

export type Step = { readonly flow: Flow; readonly effects: readonly Effect[] };

export const idle: Flow = {
  stage: "idle",
  prompt: "ready",
  card: null,
  pinDigits: 0,
  turn: 0,
};

/** Whether a payment runs: another one cannot begin. */
export function busy(flow: Flow): boolean {
  return flow.stage !== "idle" && flow.stage !== "remove" && flow.stage !== "result";
}

export const stay = (flow: Flow): Step => ({ flow, effects: [] });

export function withEffects({ flow, effects }: Step, first: readonly Effect[]): Step {
  return { flow, effects: [...first, ...effects] };
}
