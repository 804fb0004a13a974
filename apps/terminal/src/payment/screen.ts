/** What a device's screen shows: a closed vocabulary that the till puts into words. */
import type { Both } from "../receipt/index.ts";
import type { Flow } from "./flow.ts";

export type Prompt =
  | "ready"
  | "insert-card"
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

export type ScreenPhase = "idle" | "card" | "reading" | "pin" | "online" | "remove" | "result";

/** How a payment ended, as a screen shows it; no card data but the masked PAN. */
export type ShownResult = {
  readonly outcome: string;
  readonly responseCode: string;
  readonly responseText: Both;
  readonly advice: Both;
  readonly rrn: string;
  readonly authorizationCode: string;
  readonly maskedPan: string;
  readonly stan: string;
  readonly batch: string;
};

export type ShownReceipt = { readonly text: Both; readonly svg: Both };

export type Screen = {
  readonly phase: ScreenPhase;
  readonly prompt: Prompt;
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
  const over = flow.stage === "remove" || flow.stage === "result";
  return {
    phase: phaseOf(flow.stage),
    prompt: flow.prompt,
    ...(flow.sale && flow.stage !== "idle"
      ? { amount: flow.sale.amount, currency: flow.sale.currency }
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
    case "remove":
    case "result":
      return stage;
    case "preparing":
    case "completing":
    case "undoing":
      return "online";
  }
}
