/** Authorisations and holds as rows of the database. */
import {
  bigintOf,
  bigintOrNull,
  fieldsOf,
  instantOf,
  integerOf,
  integerOrNull,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
} from "@tillway/database";
import { transactionNames } from "@tillway/transactions";
import { SCRIPT_COMMANDS, STATES } from "../authorisation.ts";
import type { Authorisation, Hold, Script } from "../authorisation.ts";
import type { Column } from "./columns.ts";

export const AUTHORISATION: readonly Column<Authorisation>[] = [
  ["bucket", "smallint", (one) => one.bucket],
  ["id", "uuid", (one) => one.id],
  ["key", "text", (one) => one.key],
  ["type", "text", (one) => one.type],
  ["digest", "text", (one) => one.digest],
  ["original", "text", (one) => one.original ?? null],
  ["original_id", "uuid", (one) => one.originalId ?? null],
  ["card", "text", (one) => one.card],
  ["account", "text", (one) => one.account ?? null],
  ["state", "text", (one) => one.state],
  ["response_code", "text", (one) => one.responseCode],
  ["reason", "text", (one) => one.reason ?? null],
  ["authorisation_code", "text", (one) => one.authorisationCode ?? null],
  ["amount", "bigint", (one) => one.amount?.toString() ?? null],
  ["asked", "bigint", (one) => one.asked?.toString() ?? null],
  ["moved", "bigint", (one) => one.moved.toString()],
  ["overdraft", "bigint", (one) => one.overdraft.toString()],
  ["refunded", "bigint", (one) => one.refunded.toString()],
  ["receiver", "text", (one) => one.receiver?.id ?? null],
  ["receiver_bucket", "smallint", (one) => one.receiver?.bucket ?? null],
  ["currency", "text", (one) => one.currency],
  ["rrn", "text", (one) => one.rrn ?? null],
  ["stan", "text", (one) => one.stan],
  ["terminal", "text", (one) => one.terminal ?? null],
  ["merchant", "text", (one) => one.merchant ?? null],
  ["psn", "text", (one) => one.psn],
  ["atc", "integer", (one) => one.atc ?? null],
  ["business_date", "date", (one) => one.businessDate],
  ["pan_cipher", "text", (one) => one.panCipher],
  ["request", "jsonb", (one) => JSON.stringify(one.request)],
  ["reply", "jsonb", (one) => JSON.stringify(one.reply)],
  ["scripts", "jsonb", (one) => (one.scripts.length > 0 ? JSON.stringify(one.scripts) : null)],
  ["occurred_at", "timestamptz", (one) => toInstant(one.occurredAt)],
  [
    "expires_at",
    "timestamptz",
    (one) => (one.expiresAt === undefined ? null : toInstant(one.expiresAt)),
  ],
];

/** What later messages change of an authorisation. */
export const CHANGED: readonly Column<Authorisation>[] = AUTHORISATION.filter(([name]) =>
  ["bucket", "id", "state", "amount", "overdraft", "refunded"].includes(name),
);

export const HOLD: readonly Column<Hold>[] = [
  ["bucket", "smallint", (one) => one.bucket],
  ["id", "uuid", (one) => one.id],
  ["account", "text", (one) => one.account],
  ["amount", "bigint", (one) => one.amount.toString()],
  ["state", "text", (one) => one.state],
  ["expires_at", "timestamptz", (one) => toInstant(one.expiresAt)],
];

/** The columns of an authorisation `a` and of its hold `h`, as `readAuthorisation` wants them. */
export const SELECTED = [
  ...AUTHORISATION.map(([name, type]) =>
    type === "uuid" || type === "date" ? `a.${name}::text as ${name}` : `a.${name}`,
  ),
  "h.account as hold_account",
  "h.amount as hold_amount",
  "h.state as hold_state",
  "h.expires_at as hold_expires_at",
].join(", ");

const text = (row: Row, column: string): string | undefined => textOrNull(row, column) ?? undefined;

export function readAuthorisation(row: Row): Authorisation {
  const receiver = text(row, "receiver");
  return {
    bucket: integerOf(row, "bucket"),
    id: textOf(row, "id"),
    key: textOf(row, "key"),
    type: wordOf(row, "type", transactionNames),
    digest: text(row, "digest") ?? "",
    original: text(row, "original"),
    originalId: text(row, "original_id"),
    card: textOf(row, "card"),
    account: text(row, "account"),
    state: wordOf(row, "state", STATES),
    responseCode: textOf(row, "response_code"),
    reason: text(row, "reason"),
    authorisationCode: text(row, "authorisation_code"),
    amount: bigintOrNull(row, "amount") ?? undefined,
    asked: bigintOrNull(row, "asked") ?? undefined,
    moved: bigintOf(row, "moved"),
    overdraft: bigintOf(row, "overdraft"),
    refunded: bigintOf(row, "refunded"),
    receiver:
      receiver === undefined
        ? undefined
        : { id: receiver, bucket: integerOf(row, "receiver_bucket") },
    currency: textOf(row, "currency"),
    rrn: text(row, "rrn"),
    stan: textOf(row, "stan"),
    terminal: text(row, "terminal"),
    merchant: text(row, "merchant"),
    psn: text(row, "psn") ?? "",
    atc: integerOrNull(row, "atc") ?? undefined,
    businessDate: textOf(row, "business_date"),
    panCipher: textOf(row, "pan_cipher"),
    request: fieldsOf(row, "request"),
    reply: fieldsOf(row, "reply"),
    scripts: scriptsOf(row["scripts"]),
    occurredAt: instantOf(row, "occurred_at"),
    expiresAt: row["expires_at"] === null ? undefined : instantOf(row, "expires_at"),
  };
}

/** The hold that stands beside an authorisation, where it has one. */
export function readHold(row: Row): Hold | undefined {
  const state = text(row, "hold_state");
  if (state === undefined) return undefined;
  return {
    bucket: integerOf(row, "bucket"),
    id: textOf(row, "id"),
    account: textOf(row, "hold_account"),
    amount: bigintOf(row, "hold_amount"),
    state: wordOf(row, "hold_state", ["active", "captured", "released", "expired"]),
    expiresAt: instantOf(row, "hold_expires_at"),
  };
}

/** A jsonb list of scripts; null is none. */
export function scriptsOf(value: unknown): Script[] {
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) => {
    const row: Row = typeof one === "object" && one !== null ? { ...one } : {};
    const given = (column: string): string | undefined =>
      row[column] === undefined ? undefined : text(row, column);
    return {
      id: integerOf(row, "id"),
      command: wordOf(row, "command", SCRIPT_COMMANDS),
      tag: given("tag"),
      value: given("value"),
    };
  });
}
