/** The words the kernel and the terminal around it speak: events in, steps out. */
import type { TransactionInput } from "./transaction.ts";

/** One application both sides know. `priority` is 1 (first) to 15, 0 where the card gives none. */
export type Candidate = {
  readonly aid: string;
  readonly label: string;
  readonly priority: number;
};

/** How the cardholder was verified. "none" stands for no method needed or none applicable. */
export type CardholderVerification = "online-pin" | "signature" | "none" | "failed";

export type KernelEvent =
  | { readonly type: "start"; readonly transaction: TransactionInput }
  /** The card's whole answer, status word included. */
  | { readonly type: "response"; readonly apdu: Uint8Array }
  | { readonly type: "card-removed" }
  | { readonly type: "application-chosen"; readonly aid: string }
  | { readonly type: "pin-entered" }
  | { readonly type: "pin-bypassed" }
  | { readonly type: "pin-cancelled" }
  /** DE 39 and the raw data objects of DE 55 (91, 71, 72, 8A), empty where there was none. */
  | {
      readonly type: "online-answered";
      readonly responseCode: string;
      readonly issuerData: Uint8Array;
    }
  | { readonly type: "unable-to-go-online" }
  | { readonly type: "cancelled" };

/** What an authorisation request needs. Holds card data in clear: never to be logged or stored. */
export type OnlineRequest = {
  readonly pan: string;
  /** Two digits of tag 5F34. */
  readonly psn?: string;
  /** YYMM. */
  readonly expiry: string;
  /** Digits with D as separator; "" where the card gave none. */
  readonly track2: string;
  readonly aid: string;
  readonly label: string;
  /** DE 55 of the request (unionpay-pos §2.7). */
  readonly data: Uint8Array;
  readonly cvm: CardholderVerification;
  /** Every data object of card and terminal by tag. */
  readonly store: ReadonlyMap<string, Uint8Array>;
};

export type Cryptogram = { readonly type: "TC" | "AAC" | "ARQC"; readonly value: string };

export type OutcomeReason =
  | "cancelled"
  | "card-removed"
  | "no-application"
  | "blocked"
  | "card-error"
  | "not-accepted"
  | "declined-offline"
  | "declined-by-host"
  | "declined-by-card"
  | "unable-to-go-online"
  | "unexpected-event";

export type KernelOutcome = {
  /** "terminated": it ended before card or host decided. */
  readonly result: "approved" | "declined" | "terminated";
  readonly reason?: OutcomeReason;
  /** Whether the host answered. */
  readonly online: boolean;
  /** The last cryptogram the card made. */
  readonly cryptogram?: Cryptogram;
  /** Hex. */
  readonly tvr: string;
  readonly tsi: string;
  readonly cvm: CardholderVerification;
  readonly aid?: string;
  readonly label?: string;
  readonly pan?: string;
  readonly psn?: string;
  /**
   * The host approved, or may have, what the card did not complete. A request that the terminal
   * itself gave up (unable-to-go-online) is reversed by the link's own rule, not told here.
   */
  readonly reversalRequired: boolean;
  /** Tag DF31: five bytes a script, where the host sent scripts. */
  readonly scriptResults?: Uint8Array;
  /** DE 55 of the messages that may follow (unionpay-pos §2.7). */
  readonly data: {
    readonly reversal: Uint8Array;
    readonly scriptNotice: Uint8Array;
    readonly advice: Uint8Array;
  };
};

export type KernelStep =
  | { readonly type: "transmit"; readonly apdu: Uint8Array }
  | { readonly type: "choose-application"; readonly candidates: readonly Candidate[] }
  | { readonly type: "enter-online-pin"; readonly pan: string }
  | { readonly type: "go-online"; readonly request: OnlineRequest }
  | { readonly type: "done"; readonly outcome: KernelOutcome };
