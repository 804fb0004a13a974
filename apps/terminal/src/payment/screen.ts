/** What a device's screen shows: a closed vocabulary that the till puts into words. */
import type { TransactionName } from "@tillway/transactions";
import type { Both } from "../receipt/index.ts";
import type { Flow } from "./flow.ts";

export type Prompt =
  | "ready"
  | "insert-card"
  | "present-card"
  | "present-one-card"
  | "tap-again"
  | "see-phone"
  | "insert-or-swipe"
  | "swipe-card"
  | "use-chip"
  | "sign"
  | "try-again"
  | "use-another-card"
  | "reading-card"
  | "choose-application"
  | "enter-pin"
  | "wrong-pin"
  | "authorising"
  | "remove-card"
  | "approved"
  | "declined"
  | "cancelled"
  | "timed-out"
  | "reversed"
  | "not-connected";

export type ScreenPhase =
  | "idle"
  | "card"
  | "reading"
  | "pin"
  | "online"
  | "signature"
  | "remove"
  | "result";

/** How a payment ended, as a screen shows it; no card data but the masked PAN. */
export type ShownResult = {
  readonly type: TransactionName;
  readonly outcome: string;
  readonly responseCode: string;
  readonly responseText: Both;
  readonly advice: Both;
  readonly rrn: string;
  readonly authorizationCode: string;
  readonly maskedPan: string;
  readonly stan: string;
  readonly batch: string;
  /** Minor units that were not approved of what was asked for: to be collected another way. */
  readonly rest?: string;
  /** Minor units of the account's balance, with - where it is owed. */
  readonly balance?: string;
};

export type ShownReceipt = { readonly text: Both; readonly svg: Both };

export type Screen = {
  readonly phase: ScreenPhase;
  readonly prompt: Prompt;
  readonly type?: TransactionName;
  readonly amount?: string;
  readonly currency?: string;
  /** The card in the slot. */
  readonly card: string | null;
  readonly pinDigits: number;
  readonly signedIn: boolean;
  readonly linked: boolean;
  readonly result?: ShownResult;
  readonly receipt?: ShownReceipt;
};

/** The screen of a payment's state, of the line's, and of the last ending. */
export function screenOf(
  flow: Flow,
  line: { readonly signedIn: boolean; readonly linked: boolean },
  shown: { readonly result: ShownResult; readonly receipt: ShownReceipt } | undefined,
): Screen {
  const { payment } = flow;
  const over = flow.stage === "remove" || flow.stage === "result";
  return {
    phase: phaseOf(flow.stage),
    prompt: flow.prompt,
    ...(payment && flow.stage !== "idle"
      ? { type: payment.type, amount: payment.amount, currency: payment.currency }
      : {}),
    card: flow.card,
    pinDigits: flow.stage === "pin" ? flow.pinDigits : 0,
    ...line,
    ...(over && shown ? shown : {}),
  };
}

function phaseOf(stage: Flow["stage"]): ScreenPhase {
  switch (stage) {
    case "idle":
    case "card":
    case "reading":
    case "pin":
    case "online":
    case "signature":
    case "remove":
    case "result":
      return stage;
    case "preparing":
    case "completing":
    case "following":
      return "online";
  }
}
