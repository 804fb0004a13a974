/** Transactions and their messages as the API shows them: no card data, amounts as digits. */
import { cups, maskFields, mtiText, responseCode, unionpayPos, type Spec } from "@tillway/iso8583";
import { follows, transactionOf } from "@tillway/transactions";
import { Type, type Static } from "typebox";
import {
  remaining,
  stands,
  type Followed,
  type HopRow,
  type Kept,
  type TransactionRow,
} from "../payments/index.ts";

const Words = Type.Object({ en: Type.String(), zh: Type.String() });
const Text = Type.String();
const OrNull = Type.Union([Type.String(), Type.Null()]);

export const TransactionSchema = Type.Object({
  id: Text,
  kind: Text,
  state: Text,
  amount: Type.String({ description: "minor units" }),
  fee: Type.String({ description: "minor units" }),
  currency: Text,
  merchant: Text,
  terminal: Text,
  batch: Text,
  stan: Text,
  rrn: Text,
  entryMode: Text,
  pan: Type.String({ description: "first six and last four digits" }),
  responseCode: OrNull,
  authorizationCode: OrNull,
  businessDate: Text,
  networkSettlementDate: OrNull,
  occurredAt: Text,
});

const FieldSchema = Type.Object({
  field: Text,
  name: Words,
  value: Text,
  meaning: Type.Optional(Words),
  parts: Type.Optional(Type.Array(Type.Object({ key: Text, value: Text }))),
});

const MessageSchema = Type.Object({
  hop: Text,
  at: Text,
  spec: Text,
  mti: Text,
  name: Words,
  fields: Type.Array(FieldSchema),
  notKept: Type.Array(Type.Object({ field: Text, name: Words })),
});

export const TransactionDetailSchema = Type.Intersect([
  TransactionSchema,
  Type.Object({
    original: Type.Union([Type.String(), Type.Null()], { description: "what it follows" }),
    heldBy: Type.Union([Type.String(), Type.Null()], { description: "its void or completion" }),
    refunded: Type.String({ description: "minor units, in flight or done" }),
    tip: Type.String({ description: "minor units" }),
    remaining: Type.String({ description: "minor units that can still be refunded" }),
    followUps: Type.Array(
      Type.Object({
        id: Text,
        kind: Text,
        state: Text,
        amount: Text,
        rrn: Text,
        occurredAt: Text,
      }),
    ),
    events: Type.Array(
      Type.Object({ type: Text, state: Text, responseCode: OrNull, reason: OrNull, at: Text }),
    ),
    messages: Type.Array(MessageSchema),
    entries: Type.Array(
      Type.Object({
        kind: Text,
        businessDate: Text,
        account: Text,
        amount: Type.String({ description: "minor units, positive = credit" }),
      }),
    ),
  }),
]);

const instant = (ms: number): string => new Date(ms).toISOString();

export function transactionView(row: TransactionRow): Static<typeof TransactionSchema> {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    amount: row.amount.toString(),
    fee: row.fee.toString(),
    currency: row.currency,
    merchant: row.merchant,
    terminal: row.terminal,
    batch: row.batch,
    stan: row.stan,
    rrn: row.rrn,
    entryMode: row.entryMode,
    pan: row.maskedPan,
    responseCode: row.responseCode,
    authorizationCode: row.authorisationCode,
    businessDate: row.businessDate,
    networkSettlementDate: row.settlementDate,
    occurredAt: instant(row.occurredAt),
  };
}

/** What a transaction follows and what follows it. */
export function followedView(row: TransactionRow, followed: Followed) {
  const { original, heldBy, refunded, tip, followUps } = followed;
  const refundable = transactionOf(row.kind);
  const left =
    refundable && follows("refund", refundable) && stands(row.state)
      ? remaining(row.amount, { heldBy, refunded, tip })
      : 0n;
  return {
    original,
    heldBy,
    refunded: refunded.toString(),
    tip: tip.toString(),
    remaining: left.toString(),
    followUps: followUps.map(({ id, kind, state, amount, rrn, occurredAt }) => ({
      id,
      kind,
      state,
      rrn,
      amount: amount.toString(),
      occurredAt: instant(occurredAt),
    })),
  };
}

const unnamed = { en: "unknown", zh: "未知" };

function nameOf(spec: Spec, field: string): Static<typeof Words> {
  const number = Number.parseInt(field, 10);
  return spec.definitions[number]?.name ?? unnamed;
}

function fieldView(
  spec: Spec,
  field: string,
  value: string,
  parts: Readonly<Record<string, string>> | undefined,
): Static<typeof FieldSchema> {
  const meaning = field === "39" ? responseCode(value).text : undefined;
  const cut = parts && Object.entries(parts).map(([key, text]) => ({ key, value: text }));
  return {
    field,
    name: nameOf(spec, field),
    value,
    ...(meaning ? { meaning } : {}),
    ...(cut ? { parts: cut } : {}),
  };
}

function specOf(kept: Kept): Spec {
  return kept.spec === cups.name ? cups : unionpayPos;
}

/** One hop's message, field by field with its name; what was not kept is named, not shown. */
export function messageView({ hop, at, message }: HopRow): Static<typeof MessageSchema> {
  const spec = specOf(message);
  const { fields: kept, mti } = message;
  const { fields, parsed } = maskFields(spec, { mti, bitmap: "", fields: kept, parsed: {} });
  return {
    hop,
    at: instant(at),
    spec: spec.name,
    mti,
    name: mtiText(mti),
    fields: Object.entries(fields).map(([field, value]) =>
      fieldView(spec, field, value, parsed[field]),
    ),
    notKept: message.notKept.map((field) => ({ field, name: nameOf(spec, field) })),
  };
}
