/** The shapes that the journal keeps. */

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
 * `open`: sent or about to be, outcome not known. `reversing`: to be undone, not confirmed yet.
 * `unsent`: nothing left the device.
 */
export type TransactionState =
  | "open"
  | "approved"
  | "declined"
  | "unsent"
  | "reversing"
  | "reversed";

export type NewTransaction = {
  readonly id: string;
  readonly batch: string;
  readonly stan: string;
  readonly kind: "sale";
  /** Minor units, decimal digits. */
  readonly amount: string;
  readonly currency: string;
  readonly entry: "chip";
  readonly maskedPan: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
};

/** A certain outcome, told by the host under a valid MAC. */
export type Settled = {
  readonly state: "approved" | "declined";
  readonly responseCode: string;
  readonly rrn?: string | undefined;
  readonly authorizationCode?: string | undefined;
};

/** `fields` are those of the 0400 but 39 and 64, the PAN among them: never to be logged. */
export type PendingReversal = {
  readonly id: string;
  readonly batch: string;
  readonly stan: string;
  readonly reason: ReversalReason;
  readonly attempts: number;
  readonly fields: Readonly<Record<string, string>>;
};

export type JournalTransaction = {
  readonly id: string;
  readonly batch: string;
  readonly stan: string;
  readonly kind: string;
  readonly state: TransactionState;
  readonly amount: string;
  readonly currency: string;
  readonly entry: string;
  readonly maskedPan: string;
  readonly at: number;
  readonly responseCode: string | null;
  readonly rrn: string | null;
  readonly authorizationCode: string | null;
};

const states: readonly TransactionState[] = [
  "open",
  "approved",
  "declined",
  "unsent",
  "reversing",
  "reversed",
];

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

/** A row of the table `transactions`. Throws where it is none of ours. */
export function readTransaction(row: Readonly<Record<string, unknown>>): JournalTransaction {
  const of = (name: string): string => String(row[name]);
  const maybe = (name: string): string | null => (row[name] === null ? null : of(name));
  const state = states.find((one) => one === row["state"]);
  const at = row["occurred_at"];
  if (!state || typeof at !== "number") throw new Error("the journal holds an unknown transaction");
  return {
    id: of("id"),
    batch: of("batch"),
    stan: of("stan"),
    kind: of("kind"),
    state,
    amount: of("amount"),
    currency: of("currency"),
    entry: of("entry"),
    maskedPan: of("masked_pan"),
    at,
    responseCode: maybe("response_code"),
    rrn: maybe("rrn"),
    authorizationCode: maybe("authorization_code"),
  };
}
