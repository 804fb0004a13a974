/** The words contactless reader and terminal speak: events in, steps out. */
import type { Cryptogram, OnlineRequest, OutcomeReason } from "../kernel/steps.ts";
import type { UiRequest } from "./messages.ts";

/** Kernels by their number (Book B table 3-6); 4 is served by kernel 2's EMV mode. */
export type KernelNumber = 2 | 3 | 4 | 7;

/** How the cardholder was verified. "on-device": on the cardholder's own phone or watch. */
export type TapVerification = "none" | "online-pin" | "signature" | "on-device" | "failed";

/** Outcomes of a kernel (Book A §6.2). Select Next and Try Again never leave the entry point. */
export type OutcomeKind =
  | "approved"
  | "declined"
  | "online-request"
  | "try-another-interface"
  | "select-next"
  | "try-again"
  | "end-application";

/** Where the entry point begins again after an outcome (Book A table 6-1). */
export type StartPoint = "B" | "C" | "none";

export type TapReason =
  | OutcomeReason
  | "limit-exceeded"
  | "authentication-failed"
  | "verification-failed"
  | "expired"
  | "see-phone"
  | "use-another-interface"
  | "timed-out";

export type TapEvent =
  /** One card is in the field and activated. */
  | { readonly type: "card-detected" }
  /** More than one card is in the field (Book B §3.2.1.3). */
  | { readonly type: "several-cards" }
  /** The card's whole answer, status word included. */
  | { readonly type: "response"; readonly apdu: Uint8Array }
  /** The card left the field, or an answer did not arrive whole. */
  | { readonly type: "card-removed" }
  | { readonly type: "pin-entered" }
  | { readonly type: "pin-bypassed" }
  | { readonly type: "pin-cancelled" }
  /** DE 39, and the raw data objects of DE 55, which no card is there to take any more. */
  | {
      readonly type: "online-answered";
      readonly responseCode: string;
      readonly issuerData: Uint8Array;
    }
  | { readonly type: "unable-to-go-online" }
  /** Nobody presented a card. */
  | { readonly type: "timed-out" }
  | { readonly type: "cancelled" };

/** How data authentication went. */
export type TapAuthentication = {
  readonly method: "none" | "fdda" | "cda";
  readonly result: "not-performed" | "passed" | "failed";
};

/** What an authorisation request needs. Holds card data in clear: never to be logged or stored. */
export type TapRequest = OnlineRequest<TapVerification> & {
  readonly kernel: KernelNumber;
  /** "magstripe": no DE 55; `track2` holds the dynamic value. */
  readonly mode: "emv" | "magstripe";
  /** DE 22: 071 with a PIN, 072 without; 911, 912 in magnetic-stripe mode [U]. */
  readonly entryMode: string;
  /** No PIN and no signature because the amount is small (小额免密免签). */
  readonly noPinNoSignature: boolean;
};

/** How the transaction ended. */
export type TapOutcome = {
  readonly outcome: Exclude<OutcomeKind, "online-request" | "select-next" | "try-again">;
  /** In the contact kernel's words: "terminated" ended before card or host decided. */
  readonly result: "approved" | "declined" | "terminated";
  readonly reason?: TapReason;
  /** Every outcome on the way, the last included. */
  readonly path: readonly OutcomeKind[];
  readonly ui: UiRequest;
  /** Which interface to offer next, after "try-another-interface" and "end-application". */
  readonly alternateInterface?: "contact" | "any";
  /** Whether the host answered. */
  readonly online: boolean;
  /** Host's code, where it answered. */
  readonly responseCode?: string;
  readonly cryptogram?: Cryptogram;
  readonly authentication: TapAuthentication;
  /** Hex. */
  readonly tvr: string;
  readonly tsi: string;
  readonly cvm: TapVerification;
  readonly noPinNoSignature: boolean;
  readonly entryMode: string;
  readonly kernel?: KernelNumber;
  readonly mode?: "emv" | "magstripe";
  readonly aid?: string;
  readonly label?: string;
  readonly pan?: string;
  readonly psn?: string;
  /** Tag 9F5D in minor units, where the card told what it may still spend offline. */
  readonly availableOffline?: string;
  /** A request was sent and its answer is not known. */
  readonly reversalRequired: boolean;
  /** DE 55 of the messages that may follow (unionpay-pos §2.7). */
  readonly data: {
    readonly reversal: Uint8Array;
    readonly scriptNotice: Uint8Array;
    readonly advice: Uint8Array;
  };
};

/** What the terminal has to do next. */
export type TapStep =
  | { readonly type: "present-card"; readonly ui: UiRequest }
  | { readonly type: "transmit"; readonly apdu: Uint8Array }
  | { readonly type: "enter-online-pin"; readonly pan: string; readonly ui: UiRequest }
  | { readonly type: "go-online"; readonly request: TapRequest; readonly ui: UiRequest }
  | { readonly type: "done"; readonly outcome: TapOutcome };
