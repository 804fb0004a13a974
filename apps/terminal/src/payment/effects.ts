/** The effects of a payment that take time or write: each ends in the event that the flow goes on with. */
import type { Card } from "@tillway/emv";
import type { SecurityModule } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import { currency, localParts, maskPan, uuidv7 } from "@tillway/money";
import { toHex } from "@tillway/bytes";
import type { TransactionName } from "@tillway/transactions";
import type { Begun, Details, Journal } from "../journal/index.ts";
import type { PinPad } from "../pinpad/index.ts";
import { encryptPin, encryptTrack, settledBy, type Session } from "../session/index.ts";
import type { CardData } from "./card.ts";
import { fateOf } from "./fate.ts";
import type { Effect, FlowEvent, Payment } from "./flow.ts";
import { adviceOf, requestOf, reversalOf, scriptNotice, type Parts } from "./messages.ts";
import { characteristicCode, packed, signatureUpload, withCode } from "./signature.ts";

export type Tools = {
  readonly journal: Journal;
  readonly session: Session;
  readonly module: SecurityModule;
  readonly pinPad: PinPad;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly zone: string;
};

export type Of<D extends Effect["do"]> = Extract<Effect, { readonly do: D }>;

/** Speaks to the card in the slot or the field; one that is gone or broken counts as failed. */
export async function transmit(
  card: Card | undefined,
  { apdu, turn, secret }: Of<"transmit">,
  onDefect: (error: unknown) => void,
): Promise<FlowEvent> {
  if (!card) return { type: "card-failed", turn };
  try {
    return { type: "card-answered", turn, apdu: await card.transmit(apdu) };
  } catch (error) {
    onDefect(error);
    return { type: "card-failed", turn };
  } finally {
    if (secret) apdu.fill(0);
  }
}

/** Signs in where needed, sends what is owed. */
export async function prepare({ session, journal }: Tools): Promise<FlowEvent> {
  const readiness = await session.prepare();
  return { type: "prepared", readiness, batch: journal.batch() };
}

type Asking = {
  /** Types in place of a person. */
  readonly script: string | undefined;
  readonly onCount: (digits: number) => void;
};

/** Opens the PIN pad for the issuer's PIN. */
export async function askPin(
  { session, module, pinPad }: Tools,
  { pan }: Of<"ask-pin">,
  { script, onCount }: Asking,
): Promise<FlowEvent> {
  const keys = session.keys();
  if (!keys) return { type: "failed" };
  const result = await pinPad.ask({
    encrypt: async (digits) => ({
      block: await encryptPin(module, keys, digits, pan),
      generation: keys.generation,
    }),
    onCount,
    script,
  });
  if (result.kind === "entered") return { type: "pin-entered", pin: result.block };
  return { type: result.kind === "cancelled" ? "pin-cancelled" : "pin-timed-out" };
}

/** Opens the PIN pad for the card's own PIN: a block of format 2, straight to the kernel. */
export async function askOfflinePin(
  { pinPad, random }: Tools,
  { padding }: Of<"ask-offline-pin">,
  { script, onCount }: Asking,
): Promise<FlowEvent> {
  const encrypt = (digits: Uint8Array): Promise<Uint8Array> => Promise.resolve(cardBlock(digits));
  const result = await pinPad.ask({ encrypt, onCount, script });
  if (result.kind === "entered") {
    return { type: "offline-pin-entered", pin: result.block, padding: random(padding) };
  }
  return { type: result.kind === "cancelled" ? "pin-cancelled" : "pin-timed-out" };
}

/** ISO 9564-1 format 2: 2, the number of digits, the digits, F. */
function cardBlock(digits: Uint8Array): Uint8Array {
  const block = new Uint8Array(8).fill(0xff);
  block[0] = 0x20 | digits.length;
  for (const [at, digit] of digits.entries()) {
    const place = 1 + (at >> 1);
    const byte = block[place] ?? 0xff;
    block[place] = at % 2 === 0 ? (digit << 4) | 0x0f : (byte & 0xf0) | digit;
  }
  return block;
}

function partsOf(journal: Journal, payment: Payment, card: CardData): Parts | undefined {
  const money = currency(payment.currency);
  return money && { device: journal.identity(), payment, currency: money.numeric, card };
}

/** What only some types have, for the journal. */
function detailsOf({ tip, plan, amount, partial, original }: Payment): Details {
  return {
    ...(tip === undefined ? {} : { tip }),
    ...(plan === undefined
      ? {}
      : { periods: String(plan.periods), plan: plan.code, payer: plan.payer }),
    ...(partial ? { asked: amount } : {}),
    ...(original === undefined ? {} : { originalStan: original.stan, originalDate: original.date }),
  };
}

function begunOf(tools: Tools, payment: Payment, data: CardData, due: Begun["due"]): Begun {
  return {
    transaction: {
      id: payment.id,
      batch: payment.batch,
      stan: payment.stan,
      type: payment.type,
      amount: payment.amount,
      currency: payment.currency,
      entry: data.entry,
      maskedPan: maskPan(data.pan),
      at: tools.clock.now(),
      originalRrn: payment.original?.rrn,
      details: detailsOf(payment),
      card: { pan: data.pan, expiry: data.expiry },
    },
    due,
  };
}

/** Builds the request under the present keys and sends it. */
export async function authorise(tools: Tools, effect: Of<"authorise">): Promise<FlowEvent> {
  const { session, journal, module } = tools;
  const { payment, data, pin } = effect;
  const keys = session.keys();
  const parts = partsOf(journal, payment, data);
  if (!keys || !parts) return { type: "verdict", verdict: { kind: "unsent" } };
  const fate = fateOf(payment.type);
  const message =
    fate === "advice"
      ? adviceOf(parts)
      : requestOf(parts, {
          track: data.track === "" ? "" : await encryptTrack(module, keys, data.track),
          pinBlock: pin?.block,
        });
  const due: Begun["due"] =
    fate === "reversal"
      ? { kind: "reversal", message: reversalOf(parts, pin !== undefined) }
      : fate === "advice"
        ? { kind: "advice", message }
        : undefined;
  const verdict = await session.transact({
    begun: begunOf(tools, payment, data, due),
    message,
    generation: pin?.generation ?? keys.generation,
  });
  return { type: "verdict", verdict };
}

export function settle({ journal }: Tools, { id, host }: Of<"settle">): void {
  journal.settle(id, settledBy(host));
}

export async function follow({ session }: Tools): Promise<FlowEvent> {
  return { type: "followed", done: await session.clear() };
}

/** A sale that the card approved by itself: kept as approved, and owed to the host. */
export function keepOffline(tools: Tools, { payment, data }: Of<"keep-offline">): void {
  const { journal } = tools;
  const sale: Payment = { ...payment, type: "offline chip sale" };
  const parts = partsOf(journal, sale, data);
  if (!parts) return;
  const due = { kind: "advice", message: adviceOf(parts) } as const;
  journal.begin({ ...begunOf(tools, sale, data, due), approved: "Y1" });
}

const confirmations: Partial<Record<TransactionName, TransactionName>> = {
  deposit: "deposit confirmation",
  transfer: "transfer confirmation",
};

/** The promise holds: it is settled, and its confirmation owed, in one commit. */
export function confirm(tools: Tools, { payment, data, host }: Of<"confirm">): void {
  const { journal, clock, random } = tools;
  const type = confirmations[payment.type];
  if (type === undefined) throw new Error(`${payment.type} has no confirmation`);
  // The acquirer keeps where a transfer goes to.
  const { receiver: _, ...promised } = payment;
  const confirmation: Payment = {
    ...promised,
    id: uuidv7(clock.now(), random(10)),
    stan: journal.nextStan(),
    type,
    original: {
      rrn: host.rrn,
      batch: payment.batch,
      stan: payment.stan,
      date: host.date,
      authorizationCode: host.authorizationCode,
      amount: payment.amount,
    },
  };
  const parts = partsOf(journal, confirmation, data);
  if (!parts) throw new Error("a promise in no currency");
  const due = { kind: "advice", message: adviceOf(parts) } as const;
  journal.settle(payment.id, settledBy(host), begunOf(tools, confirmation, data, due));
}

/** Demands the reversal of an approved transaction, with what has become known since it was sent. */
export function demandReversal({ journal }: Tools, effect: Of<"demand-reversal">): void {
  const { id, host, data } = effect;
  journal.demand(id, "06", {
    ...(host.authorizationCode === "" ? {} : { "38": host.authorizationCode }),
    ...(data.length === 0 ? {} : { "55": toHex(data) }),
  });
}

export function oweScript({ journal }: Tools, effect: Of<"owe-script">): void {
  const { payment, data, host, result } = effect;
  const parts = partsOf(journal, payment, data);
  if (!parts) return;
  const message = scriptNotice(parts, host, journal.nextStan(), result);
  journal.owe(payment.id, { kind: "script", message });
}

/** Keeps the picture with the transaction's code in it; it is signed on paper where it is too much. */
export function keepSignature(tools: Tools, effect: Of<"keep-signature">): Uint8Array | undefined {
  const { journal, clock, zone } = tools;
  const { payment, host, facts, image } = effect;
  const marked = withCode(image, characteristicCode(host.settlementDate, host.rrn));
  const field62 = packed(marked);
  const money = currency(payment.currency);
  if (!field62 || !money) return undefined;
  const { date, time } = localParts(clock.now(), zone);
  const message = signatureUpload({
    identity: journal.identity(),
    payment,
    currency: money.numeric,
    facts,
    host,
    time: time.replaceAll(":", ""),
    date: date.slice(5).replace("-", ""),
    image: field62,
  });
  journal.owe(payment.id, { kind: "signature", message });
  return marked;
}
