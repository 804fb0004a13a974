/** What a reader shows and signals (EMV Contactless Book A §8.3, tables of messages and states). */

/** Messages by name with their identifiers, two hex digits. */
export const MESSAGE_IDS = {
  approved: "03",
  "not-authorised": "07",
  "enter-pin": "09",
  "present-card": "15",
  "card-read-ok": "17",
  "insert-or-swipe": "18",
  "present-one-card": "19",
  "approved-sign": "1A",
  authorising: "1B",
  "try-another-card": "1C",
  "insert-card": "1D",
  "no-message": "1E",
  "see-phone": "20",
  "present-again": "21",
} as const;

export type UiMessage = keyof typeof MESSAGE_IDS;

/** What lights and sound tell. "card-read-successfully" is the moment the card may be taken away. */
export type UiStatus =
  | "not-ready"
  | "ready-to-read"
  | "processing"
  | "card-read-successfully"
  | "processing-error";

/** A request to the reader's display. Amounts are minor units as decimal digits. */
export type UiRequest = {
  readonly message: UiMessage;
  readonly id: string;
  readonly status: UiStatus;
  /** How long the message stays before the next may replace it. */
  readonly holdMs?: number;
  readonly value?: {
    readonly kind: "amount" | "balance";
    readonly amount: string;
    /** ISO 4217 numeric. */
    readonly currency: string;
  };
  /** Tag 5F2D of the card, two letters each, where it gave one. */
  readonly languages?: string;
};

/** A request by its message and status. */
export function uiRequest(
  message: UiMessage,
  status: UiStatus,
  more: Pick<UiRequest, "holdMs" | "value" | "languages"> = {},
): UiRequest {
  return { message, id: MESSAGE_IDS[message], status, ...more };
}
