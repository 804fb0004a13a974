/** Payments and reversals at the desk: the second half of the refusals, then the payments room. */
import { fromHex } from "@tillway/bytes";
import { decode, encode, unionpayPos, type Decoded, type Message } from "@tillway/iso8583";
import { currency as currencyOf, localParts, luhnValid, maskPan } from "@tillway/money";
import { catalogue, type TransactionName } from "@tillway/transactions";
import {
  lifeOf,
  networkKeyOf,
  releasedBy,
  type NaturalKey,
  type OriginalRow,
  type Payment,
  type PaymentAnswer,
} from "../payments/index.ts";
import type { KeySession, Terminal } from "../terminals/index.ts";
import { approvedOffline, verifiedOnDevice } from "./chip.ts";
import { readCard, translatePin, type Card, type CardReading } from "./card.ts";
import {
  answer,
  clockFields,
  keptOf,
  refuse,
  type DeskAnswer,
  type DeskOptions,
  type Read,
} from "./counter.ts";
import { requestDigest, reversalDigest } from "./digest.ts";
import { keep, paymentMessage, sendPayment } from "./network-message.ts";
import { findOriginal } from "./original.ts";
import { firstRefusal, refusalFor, type Facts } from "./refusals.ts";
import { replyTo } from "./replies.ts";

export function naturalKey(
  terminal: Terminal,
  message: Decoded,
  keyClass: NaturalKey["class"],
): NaturalKey {
  return {
    bucket: terminal.merchant.bucket,
    merchant: terminal.merchant.mid,
    terminal: terminal.tid,
    batch: message.fields["60"]?.slice(2, 8) ?? "",
    stan: message.fields["11"] ?? "",
    class: keyClass,
  };
}

const minorOf = (message: Decoded): bigint => BigInt(message.fields["4"] ?? "0");

type Sealed = { readonly token: string; readonly cipher: string };

/** What was found out about a request before it is judged. */
type Findings = {
  readonly name: TransactionName;
  readonly terminal: Terminal;
  readonly key: NaturalKey;
  readonly original: OriginalRow | undefined;
  readonly reading: CardReading;
  readonly cardShown: boolean;
  readonly sealed: Sealed | undefined;
  readonly receiver: string | undefined;
  readonly receiverSealed: Sealed | undefined;
  readonly pin: Uint8Array | undefined | false;
  readonly digest: string;
};

/** Known sender, right MAC: a payment of a type of the catalogue. */
export async function payment(
  options: DeskOptions,
  read: Read,
  name: TransactionName,
): Promise<DeskAnswer> {
  const { message, session } = read;
  if (!read.terminal || !session) return refuse(options, read, refusalFor("not-signed-in"));
  if (options.payments.isOverloaded()) return refuse(options, read, refusalFor("overloaded"));
  const terminal = await ofItsBatch(options, read.terminal, message);
  if (!terminal) return refuse(options, read, refusalFor("wrong-batch"));
  const found = await findings(options, read, name, terminal, session);
  const refusal = firstRefusal(factsOf(options, read, found));
  const { reading, sealed, pin, key, digest } = found;
  const known = refusal || lifeOf(name) === "promise";
  const earlier = known ? await options.payments.repeat(key, digest) : undefined;
  if (earlier && earlier.kind !== "again") return say(options, read, earlier);
  if (refusal || !reading.ok || !sealed || pin === false) {
    return refuse(options, read, refusal ?? refusalFor("wrong-pin"));
  }
  const ready = { ...found, card: reading.card, sealed, pin };
  const asked = await domainPayment(options, read, ready, earlier);
  return say(options, read, await options.payments.pay(asked));
}

/** The terminal, where the message is of its open batch; another node may have closed one. */
async function ofItsBatch(
  options: DeskOptions,
  known: Terminal,
  message: Decoded,
): Promise<Terminal | undefined> {
  const fits = ({ batch, settling }: Terminal): boolean =>
    !settling && message.fields["60"]?.slice(2, 8) === batch;
  if (fits(known)) return known;
  const fresh = await options.terminals.find(known.tid, true);
  return fresh && fits(fresh) ? fresh : undefined;
}

async function findings(
  options: DeskOptions,
  read: Read,
  name: TransactionName,
  terminal: Terminal,
  session: KeySession,
): Promise<Findings> {
  const { message } = read;
  const { fields } = message;
  const original =
    catalogue[name].follows.length > 0
      ? await findOriginal(options, terminal, message, name)
      : undefined;
  const cardShown = fields["2"] !== undefined || fields["35"] !== undefined;
  const reading =
    cardShown || !original
      ? await readCard(options.module, session.tdk, fields)
      : await cardOf(options, original);
  const keys = options.link.keys();
  const pin =
    reading.ok && keys
      ? await translatePin(
          options.module,
          { pik: session.pik, zpk: keys.zpk },
          fields["52"] === undefined ? undefined : fromHex(fields["52"]),
          fields["53"],
          reading.card.pan,
        )
      : undefined;
  // A repeat may carry ciphers of an earlier session: its card is known by DE 2 all the same.
  const pan = reading.ok ? reading.card.pan : fields["2"];
  const sealed = pan === undefined ? undefined : await sealPan(options, pan);
  const receiver = name === "transfer" ? receiverOf(fields["62"]) : undefined;
  const receiverSealed = receiver === undefined ? undefined : await sealPan(options, receiver);
  const tokens = [sealed, receiverSealed].flatMap((one) => (one ? [one.token] : []));
  const plan = name === "instalment sale" ? (fields["62"] ?? null) : null;
  const digest = requestDigest(tokens, message, plan);
  const key = naturalKey(terminal, message, message.mti.startsWith("022") ? "advice" : "request");
  const cards = { reading, cardShown, sealed, receiver, receiverSealed, pin };
  return { name, terminal, key, original, digest, ...cards };
}

function factsOf(options: DeskOptions, read: Read, found: Findings): Facts {
  const { name, terminal, original, reading, pin } = found;
  const { fields } = read.message;
  const { amount, follows } = catalogue[name];
  const online = lifeOf(name) !== "advice";
  return {
    "wrong-amount":
      read.facts["wrong-amount"] === true || (amount !== "none" && minorOf(read.message) === 0n),
    "wrong-currency": currencyOf(fields["49"] ?? "")?.code !== terminal.merchant.currency,
    "wrong-card":
      (!reading.ok && reading.reason === "wrong-card") ||
      (name === "transfer" && !found.receiverSealed),
    "not-approved-offline": name === "offline chip sale" && !approvedOffline(read.message),
    "unknown-original": follows.length > 0 && !original,
    "network-down": online && options.link.keys() === undefined,
    "wrong-pin": pin === false || (!reading.ok && reading.reason === "wrong-pin"),
  };
}

/** The card of an original, where its follow-up shows none. */
async function cardOf(options: DeskOptions, { panCipher }: OriginalRow): Promise<CardReading> {
  const key = options.panKeys.seal;
  const opened = await options.module.run({ do: "open-pan", key, cipher: panCipher });
  if (!opened.ok) throw new Error(opened.message);
  return { ok: true, card: { pan: opened.pan, tracks: {} } };
}

/** DE 62 of a transfer: "TF", two digits of length, the card that it goes to [U]. */
function receiverOf(hex: string | undefined): string | undefined {
  const text = Buffer.from(hex ?? "", "hex").toString("latin1");
  const pan = /^TF(\d{2})(\d{12,19})$/.exec(text);
  if (!pan?.[2] || pan[2].length !== Number.parseInt(pan[1] ?? "", 10)) return undefined;
  return luhnValid(pan[2]) ? pan[2] : undefined;
}

async function sealPan(options: DeskOptions, pan: string): Promise<Sealed | undefined> {
  const { token: tokenKey, seal: key } = options.panKeys;
  const sealed = await options.module.run({ do: "seal-pan", key, tokenKey, pan });
  // What is no card number cannot be sealed.
  return sealed.ok ? sealed : undefined;
}

type Ready = Findings & {
  readonly card: Card;
  readonly sealed: Sealed;
  readonly pin: Uint8Array | undefined;
};

async function domainPayment(
  options: DeskOptions,
  read: Read,
  ready: Ready,
  earlier: Extract<PaymentAnswer, { kind: "again" }> | undefined,
): Promise<Payment> {
  const { name, key, digest, sealed, card, terminal, original } = ready;
  const { message } = read;
  const { fields } = message;
  const { merchant } = terminal;
  const at = options.clock.now();
  const local = localParts(at, options.calendar.zone);
  const assigned = earlier
    ? { ...earlier.assigned, at }
    : await options.numbers.assign(at, local.date);
  const receiver =
    name === "transfer confirmation" && original?.receiverCipher
      ? { cipher: original.receiverCipher, pan: undefined }
      : { cipher: ready.receiverSealed?.cipher ?? null, pan: ready.receiver };
  const request = paymentMessage({
    name,
    assigned,
    again: earlier !== undefined,
    merchant,
    terminal: terminal.tid,
    fields,
    card,
    pinBlock: ready.pin,
    original,
    receiver: receiver.pan,
    acquirer: options.acquirer,
    time: local.time.replaceAll(":", ""),
    date: local.date.slice(5).replace("-", ""),
  });
  return {
    name,
    key,
    onBehalf: null,
    digest,
    assigned,
    again: earlier?.place ?? null,
    amount: minorOf(message),
    tip: name === "tip adjustment" ? BigInt(fields["48"] ?? "0") : 0n,
    currency: merchant.currency,
    // What an original cost is given back at its own rate.
    feePpm: original?.feePpm ?? BigInt(merchant.feePpm),
    entryMode: fields["22"] ?? "",
    verifiedOnDevice: verifiedOnDevice(message),
    maskedPan: maskPan(card.pan),
    panToken: sealed.token,
    panCipher: sealed.cipher,
    receiverCipher: receiver.cipher,
    cardShown: ready.cardShown,
    authorisationCode: original ? (fields["38"] ?? null) : null,
    follows: original ? placeOf(original) : null,
    releases: releasedBy(name, original?.standing),
    request: keptOf(message),
    networkKey: networkKeyOf(request.fields),
    networkRequest: keep(request),
    own: { ...clockFields(options), "32": options.network, "37": assigned.rrn },
    keepReply: (reply) => keptOf(keepable(replyTo(message, reply))),
    send: () => sendPayment(options.link, request, options.today),
  };
}

const placeOf = ({ standing: { bucket, transaction, businessDate } }: OriginalRow) => ({
  bucket,
  transaction,
  businessDate,
});

/** A reply as it would be read by the terminal. */
const keepable = (reply: Message): Decoded => decode(unionpayPos, encode(unionpayPos, reply));

/** The answer of the payments room, as a reply. */
function say(options: DeskOptions, read: Read, said: PaymentAnswer): Promise<DeskAnswer> {
  switch (said.kind) {
    case "answer":
      return answer(options, read, said.reply);
    case "refused":
      return refuse(options, read, refusalFor(said.reason));
    case "failed":
    case "overloaded":
      return refuse(options, read, refusalFor(said.kind));
    // Another terminal's line is asking at this moment.
    case "again":
    case "no-answer":
      return Promise.resolve({ kind: "nothing" });
  }
}

/** Known sender, right MAC: a reversal. It is accepted whatever became of its original. */
export async function reversal(options: DeskOptions, read: Read): Promise<DeskAnswer> {
  const { message, terminal } = read;
  if (!terminal) return refuse(options, read, refusalFor("unknown-terminal"));
  const amount = minorOf(message);
  if (read.facts["wrong-amount"] === true || amount === 0n) {
    return refuse(options, read, refusalFor("wrong-amount"));
  }
  const own = { ...clockFields(options), "32": options.network, "39": "00" };
  const said = await options.payments.reversal({
    key: naturalKey(terminal, message, "request"),
    digest: reversalDigest(message),
    amount,
    reason: message.fields["39"] ?? "",
    request: keptOf(message),
    reply: keptOf(keepable(replyTo(message, own))),
  });
  if (said.kind === "no-answer") return { kind: "nothing" };
  if (said.kind === "refused") return refuse(options, read, refusalFor(said.reason));
  // An approved reply has DE 37 by rule: of an unknown original it is zeros.
  return answer(options, read, { ...own, "37": said.rrn ?? "000000000000" });
}
