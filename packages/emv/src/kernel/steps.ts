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

/** What a terminal that takes PINs for the card may come to as well. */
export type AnyVerification = CardholderVerification | "offline-pin" | "offline-pin-and-signature";

export type KernelEvent =
  | { readonly type: "start"; readonly transaction: TransactionInput }
  /** The card's whole answer, status word included. */
  | { readonly type: "response"; readonly apdu: Uint8Array }
  | { readonly type: "card-removed" }
  | { readonly type: "application-chosen"; readonly aid: string }
  | { readonly type: "pin-entered" }
  | { readonly type: "pin-bypassed" }
  | { readonly type: "pin-cancelled" }
  /** The PIN pad does not work. */
  | { readonly type: "pin-pad-failed" }
  /**
   * The PIN for the card: a block of ISO 9564-1 format 2, straight from the PIN module, and as many
   * random bytes as the step asked for. The kernel owns `pin` from here and overwrites it with
   * zeros as soon as the command to the card is made, or the transaction ends.
   */
  | { readonly type: "offline-pin-entered"; readonly pin: Uint8Array; readonly padding: Uint8Array }
  /** What the terminal's own lists say of the card. */
  | {
      readonly type: "card-checked";
      readonly onExceptionFile: boolean;
      /** Minor units of this card's latest transaction in the terminal's log, if it is there. */
      readonly recentAmount?: string;
    }
  /** DE 39 and the raw data objects of DE 55 (91, 71, 72, 8A), empty where there was none. */
  | {
      readonly type: "online-answered";
      readonly responseCode: string;
      readonly issuerData: Uint8Array;
    }
  | { readonly type: "unable-to-go-online" }
  | { readonly type: "cancelled" };

/** What an authorisation request needs. Holds card data in clear: never to be logged or stored. */
export type OnlineRequest<Cvm = CardholderVerification> = {
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
  readonly cvm: Cvm;
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

export type KernelOutcome<Cvm = CardholderVerification> = {
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
  readonly cvm: Cvm;
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

/** What a terminal has to do next. */
export type KernelStep<Cvm = CardholderVerification> =
  /** `secret`: the command holds a PIN. Not to be traced, to be overwritten once it is sent. */
  | { readonly type: "transmit"; readonly apdu: Uint8Array; readonly secret?: true }
  | { readonly type: "choose-application"; readonly candidates: readonly Candidate[] }
  | { readonly type: "enter-online-pin"; readonly pan: string }
  | { readonly type: "go-online"; readonly request: OnlineRequest<Cvm> }
  | { readonly type: "done"; readonly outcome: KernelOutcome<Cvm> };

/** Asks for the PIN that the card itself will check. */
export type OfflinePinStep = {
  readonly type: "enter-offline-pin";
  /** What the card says: 1 is the last try. Absent where the card does not tell. */
  readonly triesLeft?: number;
  /** Whether the PIN before was wrong. */
  readonly wrong: boolean;
  /** Random bytes that must come with the PIN; 0 where it goes to the card in clear. */
  readonly padding: number;
};

/** Asks for the terminal's exception file and its log of approved transactions (Book 3 §10.6). */
export type CheckCardStep = {
  readonly type: "check-card";
  readonly pan: string;
  /** Two digits of tag 5F34. */
  readonly psn?: string;
};

/** Every step, for terminals that take offline PINs and keep lists: see `startFullKernel`. */
export type FullKernelStep = KernelStep<AnyVerification> | OfflinePinStep | CheckCardStep;
