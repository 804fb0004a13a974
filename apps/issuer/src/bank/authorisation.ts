/** What the bank keeps of a request that it decided, and of what hangs on it. */
import type { MessageFields } from "@tillway/iso8583";
import type { TransactionName } from "@tillway/transactions";

/**
 * `voided`, `completed`, `kept`: another request that follows it did that; when that one is undone
 * it is `approved` again. `expired`: a hold or a promise that nobody took up.
 */
export const STATES = [
  "approved",
  "declined",
  "reversed",
  "voided",
  "completed",
  "kept",
  "expired",
] as const;
export type State = (typeof STATES)[number];

export type AccountPlace = { readonly id: string; readonly bucket: number };

/** A request that was decided. `request` and `reply` hold only what a journal may keep. */
export type Authorisation = {
  readonly bucket: number;
  readonly id: string;
  readonly key: string;
  readonly type: TransactionName;
  /** What made it this request and no other (see `businessDigest`). */
  readonly digest: string;
  /** The key of the message that it follows, and the id of what the bank has under it. */
  readonly original: string | undefined;
  readonly originalId: string | undefined;
  readonly card: string;
  readonly account: string | undefined;
  readonly state: State;
  readonly responseCode: string;
  /** Which refusal it was, by its name in the list of precedence. */
  readonly reason: string | undefined;
  readonly authorisationCode: string | undefined;
  /** Approved, with later tips; less than `asked` where only part was approved. Minor units. */
  readonly amount: bigint | undefined;
  readonly asked: bigint | undefined;
  /** Taken from the account (negative: given to it), and what of it went beyond the floor. */
  readonly moved: bigint;
  readonly overdraft: bigint;
  /** Given back by refunds that follow it. */
  readonly refunded: bigint;
  /** Where a transfer goes. */
  readonly receiver: AccountPlace | undefined;
  readonly currency: string;
  readonly rrn: string | undefined;
  readonly stan: string;
  readonly terminal: string | undefined;
  readonly merchant: string | undefined;
  readonly psn: string;
  readonly atc: number | undefined;
  readonly businessDate: string;
  readonly panCipher: string;
  readonly request: MessageFields;
  readonly reply: MessageFields;
  /** What the answer told the chip. */
  readonly scripts: readonly Script[];
  readonly occurredAt: number;
  /** When a promise that was not kept ends. */
  readonly expiresAt: number | undefined;
};

/** Money set apart for the authorisation of the same id. */
export type Hold = {
  readonly bucket: number;
  readonly id: string;
  readonly account: string;
  readonly amount: bigint;
  readonly state: "active" | "captured" | "released" | "expired";
  readonly expiresAt: number;
};

/** What of an account decisions look at. Available is balance + credit limit − held. */
export type AccountFacts = AccountPlace & {
  readonly currency: string;
  readonly creditLimit: bigint;
  readonly balance: bigint;
  /** The sum of the active holds. */
  readonly held: bigint;
};

export const available = ({ balance, creditLimit, held }: AccountFacts): bigint =>
  balance + creditLimit - held;

export const SCRIPT_COMMANDS = [
  "block",
  "unblock",
  "block-card",
  "unblock-pin",
  "put-data",
] as const;

/** A command for a card's chip; `tag` and `value` (hex) of PUT DATA. */
export type Script = {
  readonly id: number;
  readonly command: (typeof SCRIPT_COMMANDS)[number];
  readonly tag: string | undefined;
  readonly value: string | undefined;
};

/** How the sale of the same id is repaid; the amounts sum to the sale's. */
export type Plan = {
  readonly bucket: number;
  readonly id: string;
  readonly account: string;
  readonly code: string;
  readonly feePayer: "holder" | "merchant";
  readonly amount: bigint;
  readonly state: "active" | "cancelled";
  readonly instalments: readonly Instalment[];
};

export type Instalment = {
  readonly number: number;
  readonly dueOn: string;
  readonly amount: bigint;
};

/** A reversal (0420) or a script result (0620) that came, with what it was answered. */
export type Notice = {
  readonly mti: "0420" | "0620";
  readonly key: string;
  readonly originalKey: string;
  readonly code: string;
  readonly message: MessageFields;
  readonly at: number;
};

/** Closed list of what the bank tells the outside about its transactions. */
export type Event = {
  readonly bucket: number;
  readonly type:
    | "transaction-approved"
    | "transaction-declined"
    | "transaction-reversed"
    | "transaction-voided"
    | "transaction-refunded";
  readonly payload: object;
  readonly at: number;
};
