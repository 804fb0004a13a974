/** The shapes that the journal keeps. */
import type { TransactionName } from "@tillway/transactions";
import { transactionOf } from "@tillway/transactions";

/** Who a device is, as it was provisioned. */
export type Identity = {
  readonly tid: string;
  readonly mid: string;
  readonly merchantName: string;
  readonly merchantNameZh: string;
  readonly serial: string;
};

export type ReversalReason = "98" | "06" | "A0";

/**
 * `open`: sent or about to be, outcome not known; an advice stays so until it is answered.
 * `reversing`: to be undone, not confirmed yet. `unsent`: nothing left the device. `lapsed`: nobody
 * knows the outcome and nobody needs to, as it moved nothing.
 */
export type TransactionState =
  | "open"
  | "approved"
  | "declined"
  | "unsent"
  | "reversing"
  | "reversed"
  | "lapsed";

export type Entry = "chip" | "tap" | "swipe" | "manual";

/** What only some types have, as texts; never card data. */
export type Details = Readonly<Record<string, string>>;

/** A card number and, where known, YYMM: sealed while the batch is open. */
export type KeptCard = { readonly pan: string; readonly expiry: string };

export type NewTransaction = {
  readonly id: string;
  readonly batch: string;
  readonly stan: string;
  readonly type: TransactionName;
  /** Minor units, decimal digits. */
  readonly amount: string;
  readonly currency: string;
  readonly entry: Entry;
  readonly maskedPan: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly originalRrn?: string | undefined;
  readonly details?: Details;
  readonly card?: KeptCard;
};

/** A certain outcome. `amount` where it differs from what was asked for. */
export type Settled = {
  readonly state: "approved" | "declined";
  readonly responseCode: string;
  readonly rrn?: string | undefined;
  readonly authorizationCode?: string | undefined;
  readonly hostDate?: string | undefined;
  readonly settlementDate?: string | undefined;
  readonly amount?: string | undefined;
};

/** What is owed to the host, in the order in which it is sent. */
export type DueKind = "script" | "reversal" | "advice" | "signature";

/** Fields of a message without its MAC, the PAN among them: never to be logged. */
export type DueMessage = {
  readonly mti: string;
  readonly fields: Readonly<Record<string, string>>;
};

export type NewDue = { readonly kind: DueKind; readonly message: DueMessage };

export type Due = NewDue & {
  readonly id: string;
  readonly batch: string;
  readonly stan: string;
  readonly attempts: number;
  /** Of a reversal. */
  readonly reason?: ReversalReason;
};

export type JournalTransaction = {
  readonly id: string;
  readonly batch: string;
  readonly stan: string;
  readonly type: TransactionName;
  readonly state: TransactionState;
  readonly amount: string;
  readonly currency: string;
  readonly entry: Entry;
  readonly maskedPan: string;
  readonly at: number;
  readonly originalRrn: string | null;
  readonly responseCode: string | null;
  readonly rrn: string | null;
  readonly authorizationCode: string | null;
  readonly hostDate: string | null;
  readonly settlementDate: string | null;
  readonly details: Details;
};

const states: readonly TransactionState[] = [
  "open",
  "approved",
  "declined",
  "unsent",
  "reversing",
  "reversed",
  "lapsed",
];
const entries: readonly Entry[] = ["chip", "tap", "swipe", "manual"];
const kinds: readonly DueKind[] = ["script", "reversal", "advice", "signature"];
const reasons: readonly ReversalReason[] = ["98", "06", "A0"];

/** An identity read from its JSON text. Throws where a name is missing or no text. */
export function readIdentity(text: string): Identity {
  const value: unknown = JSON.parse(text);
  const of = (name: keyof Identity): string => {
    const found: unknown =
      typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
    if (typeof found !== "string") throw new Error(`the device's identity has no ${name}`);
    return found;
  };
  return {
    tid: of("tid"),
    mid: of("mid"),
    merchantName: of("merchantName"),
    merchantNameZh: of("merchantNameZh"),
    serial: of("serial"),
  };
}

type Row = Readonly<Record<string, unknown>>;

/** A row of the table `transactions`. Throws where it is none of ours. */
export function readTransaction(row: Row): JournalTransaction {
  const of = (name: string): string => String(row[name]);
  const maybe = (name: string): string | null => (row[name] === null ? null : of(name));
  const state = states.find((one) => one === row["state"]);
  const type = transactionOf(of("type"));
  const entry = entries.find((one) => one === row["entry"]);
  const at = row["occurred_at"];
  if (!state || !type || !entry || typeof at !== "number") {
    throw new Error("the journal holds an unknown transaction");
  }
  return {
    id: of("id"),
    batch: of("batch"),
    stan: of("stan"),
    type,
    state,
    amount: of("amount"),
    currency: of("currency"),
    entry,
    maskedPan: of("masked_pan"),
    at,
    originalRrn: maybe("original_rrn"),
    responseCode: maybe("response_code"),
    rrn: maybe("rrn"),
    authorizationCode: maybe("authorization_code"),
    hostDate: maybe("host_date"),
    settlementDate: maybe("settlement_date"),
    details: readTexts(of("details")),
  };
}

/** A row of what is due with its transaction's numbers; `fields` are what its seal held. */
export function readDue(row: Row, fields: Readonly<Record<string, string>>): Due {
  const kind = kinds.find((one) => one === row["kind"]);
  const reason = reasons.find((one) => one === row["reason"]);
  if (!kind) throw new Error("the journal owes something unknown");
  return {
    id: String(row["id"]),
    kind,
    batch: String(row["batch"]),
    stan: String(row["stan"]),
    attempts: typeof row["attempts"] === "number" ? row["attempts"] : 0,
    message: { mti: String(row["mti"]), fields },
    ...(reason === undefined ? {} : { reason }),
  };
}

/** An object of texts from JSON of ours. Throws where it is something else. */
export function readTexts(text: string): Record<string, string> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error("the journal holds no object");
  const texts: Record<string, string> = {};
  for (const [name, one] of Object.entries(value)) {
    if (typeof one !== "string") throw new Error("the journal holds something that is no text");
    texts[name] = one;
  }
  return texts;
}
