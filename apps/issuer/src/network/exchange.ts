/** What the network keeps of a request and of an advice, and what may become of them. */
import type { MessageFields } from "@tillway/iso8583";
import type { TransactionName } from "@tillway/transactions";

export type ExchangeState = "forwarded" | "answered" | "refused" | "timed-out";

/** One request of a member. `request` and `reply` hold only what a journal may keep. */
export type Exchange = {
  readonly key: string;
  readonly digest: string;
  readonly type: TransactionName;
  readonly from: string;
  readonly to: string | undefined;
  readonly state: ExchangeState;
  readonly responseCode: string | undefined;
  readonly rrn: string | undefined;
  readonly panToken: string;
  readonly panCipher: string;
  /** The process that waits for the issuer, and until when it alone may decide the outcome. */
  readonly owner: string;
  readonly leaseUntil: number;
  readonly request: MessageFields;
  readonly reply: MessageFields | undefined;
  readonly receivedAt: number;
};

/** What ends an exchange. */
export type Ending = {
  readonly key: string;
  /** Who had it in flight; another owner's is left alone. */
  readonly owner: string;
  readonly state: ExchangeState;
  readonly responseCode: string;
  readonly reply: MessageFields | undefined;
  readonly at: number;
};

export type AdviceMti = "0220" | "0420" | "0620";

/** A message that was acknowledged and is forwarded until its issuer acknowledges it. */
export type Advice = {
  readonly key: string;
  readonly mti: AdviceMti;
  readonly digest: string;
  /** The message that DE 90 names; undefined where it stands by itself. */
  readonly originalKey: string | undefined;
  readonly from: string;
  readonly to: string | undefined;
  /** How often it was sent already. */
  readonly attempts: number;
  readonly dueAt: number;
  readonly panCipher: string;
  /** The receiver's card number of a transfer (DE 103). */
  readonly receiverCipher: string | undefined;
  /** Its fields but the card numbers and the MAC. */
  readonly message: MessageFields;
  readonly receivedAt: number;
};
