/** Orders of the local API: their form, and the document that answers one. */
import { Type, type Static } from "@fastify/type-provider-typebox";
import { transactionNames, type TransactionName } from "@tillway/transactions";
import type { Identity } from "../journal/index.ts";
import type { Order, Paid, ScriptedOrder } from "../payment/index.ts";

const digits = (least: number, most = least) =>
  Type.String({ pattern: `^[0-9]{${least},${most}}$` });
const fraction = Type.Number({ minimum: 0, maximum: 1 });

/** Lines of the pen: points between 0,0 at the top left and 1,1 at the bottom right. */
export const Strokes = Type.Array(Type.Array(Type.Tuple([fraction, fraction]), { maxItems: 500 }), {
  maxItems: 100,
});

const Named = Type.Object({
  transaction: Type.Optional(Type.String({ maxLength: 64 })),
  rrn: Type.Optional(Type.String({ pattern: "^[0-9A-Za-z]{12}$" })),
  batch: Type.Optional(digits(6)),
  stan: Type.Optional(digits(6)),
  date: Type.Optional(digits(4)),
  authorizationCode: Type.Optional(Type.String({ pattern: "^[0-9A-Za-z]{6}$" })),
});

const common = {
  type: Type.Unsafe<TransactionName>({ type: "string", enum: [...transactionNames] }),
  amount: Type.Optional(Type.String({ maxLength: 12 })),
  currency: Type.Optional(Type.String({ maxLength: 3 })),
  original: Type.Optional(Named),
  tip: Type.Optional(Type.String({ maxLength: 12 })),
  plan: Type.Optional(
    Type.Object({
      periods: Type.Integer({ minimum: 2, maximum: 99 }),
      code: digits(2),
      payer: Type.Union([Type.Literal("holder"), Type.Literal("merchant")]),
    }),
  ),
  /** Card number that a transfer goes to, or a card of the tray. */
  receiver: Type.Optional(Type.String({ maxLength: 64 })),
  partial: Type.Optional(Type.Boolean()),
  /** A card number keyed in by the cashier, or a card of the tray to read it from. */
  keyed: Type.Optional(
    Type.Union([
      Type.Object({ pan: digits(12, 19), expiry: digits(4) }),
      Type.Object({ card: Type.String({ maxLength: 64 }) }),
    ]),
  ),
};

/** What a screen orders: people present the card. */
export const ScreenOrder = Type.Object({
  ...common,
  /** Reads a card although the original's is known. */
  readCard: Type.Optional(Type.Boolean()),
});

/** What a script orders: a card of the tray, presented by itself. */
export const Transaction = Type.Object({
  ...common,
  entry: Type.Optional(
    Type.Union([
      Type.Literal("chip"),
      Type.Literal("tap"),
      Type.Literal("swipe"),
      Type.Literal("manual"),
    ]),
  ),
  card: Type.Optional(
    Type.Union([
      Type.String({ maxLength: 64 }),
      Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 4 }),
    ]),
  ),
  pin: Type.Optional(digits(4, 12)),
  signature: Type.Optional(Strokes),
});

type Keyed = (name: string) => { readonly pan: string; readonly expiry: string } | undefined;

/** No card has this number: the order is refused for it. */
const noCard = { pan: "", expiry: "" };

/** The desk's order; a receiver that is no number is a card of the tray. */
export function orderOf(body: Static<typeof ScreenOrder>, read: Keyed): Order {
  const { receiver, keyed, currency = "CNY", ...rest } = body;
  return {
    ...rest,
    currency,
    ...(receiver === undefined ? {} : { receiver: read(receiver)?.pan ?? receiver }),
    ...(keyed ? { keyed: "card" in keyed ? (read(keyed.card) ?? noCard) : keyed } : {}),
  };
}

export function scriptedOrder(body: Static<typeof Transaction>, keyed: Keyed): ScriptedOrder {
  const { entry, card, pin, signature, ...order } = body;
  const cards = typeof card === "string" ? [card] : (card ?? []);
  // A card without a word on how it is read is put into the slot.
  const way = entry ?? (cards.length > 0 ? "chip" : undefined);
  return { order: orderOf(order, keyed), entry: way, cards, pin, signature };
}

/** The document of `tillway pay --json`, with the texts of both languages beside it. */
export function transactionAnswer(paid: Extract<Paid, { ok: true }>, identity: Identity): object {
  const { payment, conclusion, elapsedMs } = paid;
  const { result, receipt, data } = conclusion;
  return {
    outcome: result.outcome,
    responseCode: result.responseCode,
    type: data.type,
    amount: data.amount,
    currency: payment.currency,
    entry: data.entry ?? "",
    pan: result.maskedPan,
    terminal: identity.tid,
    merchant: identity.mid,
    stan: payment.stan,
    batch: data.batch,
    rrn: result.rrn,
    authorizationCode: result.authorizationCode,
    transaction: payment.id,
    ...(result.rest === undefined ? {} : { rest: result.rest }),
    ...(result.balance === undefined ? {} : { balance: result.balance }),
    ...(data.original === undefined ? {} : { original: data.original }),
    receipt: receipt.text.en,
    receipts: receipt.text,
    responseText: result.responseText,
    advice: result.advice,
    elapsedMs,
  };
}
