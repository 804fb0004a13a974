/** What becomes of a terminal's message: read, checked in order, handed to its room, answered. */
import { fromHex } from "@tillway/bytes";
import {
  checkMessage,
  decode,
  encode,
  keptFields,
  MessageError,
  unionpayPos,
  type Decoded,
  type Frame,
  type Message,
} from "@tillway/iso8583";
import type { MacAlgorithm, SecurityModule } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import { currency as currencyOf, localParts, maskPan, type BusinessCalendar } from "@tillway/money";
import { feeOf } from "../ledger/index.ts";
import {
  networkKeyOf,
  type Kept,
  type NaturalKey,
  type Numbers,
  type Payments,
  type Sale,
  type SaleAnswer,
} from "../payments/index.ts";
import { isKeyLayout, type KeySession, type Terminal, type Terminals } from "../terminals/index.ts";
import { readCard, translatePin, type Card } from "./card.ts";
import { requestDigest, reversalDigest } from "./digest.ts";
import { encodeSigned, isSignedBy } from "./mac.ts";
import type { NetworkLink } from "./network-link.ts";
import { keep, saleMessage, sendSale } from "./network-sale.ts";
import { readablePart, withoutAmount } from "./partial.ts";
import {
  afterRepeats,
  firstRefusal,
  refusalFor,
  type Facts,
  type Reason,
  type Refusal,
} from "./refusals.ts";
import { replyFrame, replyTo } from "./replies.ts";

export type DeskOptions = {
  readonly module: SecurityModule;
  readonly terminals: Terminals;
  readonly payments: Payments;
  readonly numbers: Numbers;
  readonly link: NetworkLink;
  readonly clock: Clock;
  readonly calendar: BusinessCalendar;
  readonly today: () => string;
  readonly mac: MacAlgorithm;
  readonly acquirer: string;
  readonly network: string;
  readonly panKeys: { readonly token: string; readonly seal: string };
};

/** A refusal as it is counted and written down. */
export type RefusedAtDesk = {
  readonly reason: Reason;
  readonly responseCode: string;
  readonly mti: string | null;
  readonly terminal: string | null;
  readonly merchant: string | null;
  readonly message: Kept | null;
};

/** What goes back: a frame, nothing (let the terminal's own timer decide), or the end. */
export type DeskAnswer =
  | {
      readonly kind: "reply";
      readonly frame: Frame;
      readonly mti: string;
      readonly code: string;
      readonly refused?: RefusedAtDesk;
    }
  | { readonly kind: "nothing" }
  | { readonly kind: "close"; readonly reason: string };

/** A message with what was found out about its sender. */
type Read = {
  readonly frame: Frame;
  readonly message: Decoded;
  /** The kind of message, where it is complete: "sale", "reversal", "sign-in", "echo". */
  readonly kind: string | undefined;
  readonly facts: Facts;
  readonly terminal: Terminal | undefined;
  readonly session: KeySession | undefined;
};

const REQUEST = /^0\d[02][01]$/;

export type Desk = (frame: Frame) => Promise<DeskAnswer>;

/** The desk of one node. */
export function openDesk(options: DeskOptions): Desk {
  return async (frame) => {
    const parsed = parse(frame.payload);
    if (!parsed || !REQUEST.test(parsed.message.mti))
      return { kind: "close", reason: "no-request" };
    const read = await identify(options, frame, parsed);
    const refusal = firstRefusal(read.facts);
    if (refusal && !afterRepeats(refusal.reason)) return refuse(options, read, refusal);
    switch (read.kind) {
      case "sale":
        return sale(options, read);
      case "reversal":
        return reversal(options, read);
      case "sign-in":
        return signIn(options, read);
      case "echo":
        return answer(options, read, { ...clockFields(options), "39": "00" });
      default:
        return refuse(options, read, refusalFor("unsupported"));
    }
  };
}

type Parsed = { readonly message: Decoded; readonly facts: Facts };

function parse(payload: Uint8Array): Parsed | undefined {
  try {
    return { message: decode(unionpayPos, payload), facts: {} };
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    const unnumbered = withoutAmount(payload, error);
    if (unnumbered) return { message: unnumbered, facts: { "wrong-amount": true } };
    const part = readablePart(payload, error);
    return part && { message: part, facts: { malformed: true } };
  }
}

/** Who sent it, and whether it is what it says it is: the first half of the list of refusals. */
async function identify(
  options: DeskOptions,
  frame: Frame,
  { message, facts: known }: Parsed,
): Promise<Read> {
  const checked = checkMessage(unionpayPos, message);
  const malformed =
    known.malformed === true || checked.outcome === "missing" || checked.outcome === "forbidden";
  const { "41": tid = "", "42": mid = "", "64": mac } = message.fields;
  let terminal = tid === "" ? undefined : await options.terminals.find(tid);
  const isOurs = (): Promise<boolean> => {
    const key = terminal?.session?.mak;
    if (key === undefined) return Promise.resolve(false);
    return isSignedBy(options.module, frame.payload, [key], options.mac);
  };
  let signed = malformed || mac === undefined || (await isOurs());
  if (!signed && terminal) {
    // Another node may have signed the terminal in a moment ago.
    terminal = await options.terminals.find(tid, true);
    signed = await isOurs();
  }
  const session = terminal?.session;
  const kind = checked.outcome === "complete" ? checked.name : undefined;
  const managed = kind === "sign-in" || kind === "echo";
  const facts: Facts = {
    ...known,
    malformed,
    "unknown-terminal": terminal === undefined,
    "wrong-merchant": terminal?.merchant.mid !== mid,
    "merchant-suspended": terminal?.merchant.status === "suspended",
    "terminal-suspended": terminal?.status === "suspended",
    "not-signed-in": !managed && session === undefined,
    "wrong-mac": !managed && !signed,
    unsupported: kind === undefined,
  };
  return { frame, message, kind, facts, terminal, session };
}

function keptOf(message: Decoded): Kept {
  return { spec: "unionpay-pos", mti: message.mti, ...keptFields(unionpayPos, message) };
}

/** DE 12 and 13: the acquirer's local time. */
function clockFields(options: DeskOptions): { readonly "12": string; readonly "13": string } {
  const { date, time } = localParts(options.clock.now(), options.calendar.zone);
  return { "12": time.replaceAll(":", ""), "13": date.slice(5).replace("-", "") };
}

/** A reply with these fields: with a MAC where the request's kind has one, and there is a key. */
async function answer(
  options: DeskOptions,
  read: Read,
  own: Message["fields"],
  plain = false,
): Promise<DeskAnswer> {
  const { frame, message, session } = read;
  const reply = replyTo(message, own);
  const key = session?.mak;
  const payload =
    plain || key === undefined || message.mti.startsWith("08")
      ? encode(unionpayPos, reply)
      : await encodeSigned(options.module, unionpayPos, reply, { key, algorithm: options.mac });
  const { mti } = reply;
  return { kind: "reply", frame: replyFrame(frame, payload), mti, code: own["39"] ?? "" };
}

async function refuse(options: DeskOptions, read: Read, refusal: Refusal): Promise<DeskAnswer> {
  const { message } = read;
  const { reason, code } = refusal;
  const refused: RefusedAtDesk = {
    reason,
    responseCode: code,
    mti: message.mti,
    terminal: message.fields["41"] ?? null,
    merchant: message.fields["42"] ?? null,
    message: keptOf(message),
  };
  const fields = { ...clockFields(options), "39": code };
  const said = await answer(options, read, fields, refusal.plain === true);
  return said.kind === "reply" ? { ...said, refused } : said;
}

async function signIn(options: DeskOptions, read: Read): Promise<DeskAnswer> {
  const { terminal, message } = read;
  const layout = message.fields["60"]?.slice(8, 11) ?? "";
  // 001 asks for single-length keys, which are not given out.
  if (!terminal || !isKeyLayout(layout)) return refuse(options, read, refusalFor("unsupported"));
  const keys = await options.terminals.signIn(terminal, layout);
  const { rrn } = await options.numbers.assign(options.clock.now(), options.today());
  return answer(options, read, {
    ...clockFields(options),
    "32": options.network,
    "37": rrn,
    "39": "00",
    "60": `00${terminal.batch}${layout}`,
    "62": keys,
  });
}

function naturalKey(terminal: Terminal, message: Decoded): NaturalKey {
  return {
    bucket: terminal.merchant.bucket,
    merchant: terminal.merchant.mid,
    terminal: terminal.tid,
    batch: message.fields["60"]?.slice(2, 8) ?? "",
    stan: message.fields["11"] ?? "",
  };
}

const minorOf = (message: Decoded): bigint => BigInt(message.fields["4"] ?? "0");

/** Known sender, right MAC: a sale. */
async function sale(options: DeskOptions, read: Read): Promise<DeskAnswer> {
  const { message, terminal, session } = read;
  if (!terminal || !session) return refuse(options, read, refusalFor("not-signed-in"));
  const { fields } = message;
  if (fields["60"]?.slice(2, 8) !== terminal.batch) {
    return refuse(options, read, refusalFor("wrong-batch"));
  }
  const reading = await readCard(options.module, session.tdk, fields);
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
  const facts: Facts = {
    "wrong-amount": read.facts["wrong-amount"] === true || minorOf(message) === 0n,
    "wrong-currency": currencyOf(fields["49"] ?? "")?.code !== terminal.merchant.currency,
    "wrong-card": !reading.ok && reading.reason === "wrong-card",
    "network-down": keys === undefined,
    "wrong-pin": pin === false || (!reading.ok && reading.reason === "wrong-pin"),
  };
  const refusal = firstRefusal(facts);
  // A repeat may carry ciphers of an earlier session: its card is known by DE 2 all the same.
  const pan = reading.ok ? reading.card.pan : fields["2"];
  const sealed = pan === undefined ? undefined : await sealPan(options, pan);
  const digest = requestDigest(sealed?.token ?? "", message);
  const key = naturalKey(terminal, message);
  if (refusal || !reading.ok || !sealed || pin === false) {
    const known = await options.payments.repeat(key, digest);
    if (known) return say(options, read, known);
    return refuse(options, read, refusal ?? refusalFor("wrong-pin"));
  }
  const parts = { key, digest, sealed, card: reading.card, pin, terminal };
  return say(options, read, await options.payments.sale(await domainSale(options, read, parts)));
}

async function sealPan(
  options: DeskOptions,
  pan: string,
): Promise<{ readonly token: string; readonly cipher: string } | undefined> {
  const { token: tokenKey, seal: key } = options.panKeys;
  const sealed = await options.module.run({ do: "seal-pan", key, tokenKey, pan });
  // What is no card number cannot be sealed.
  return sealed.ok ? sealed : undefined;
}

type SaleFindings = {
  readonly key: NaturalKey;
  readonly digest: string;
  readonly sealed: { readonly token: string; readonly cipher: string };
  readonly card: Card;
  readonly pin: Uint8Array | undefined;
  readonly terminal: Terminal;
};

async function domainSale(options: DeskOptions, read: Read, parts: SaleFindings): Promise<Sale> {
  const { key, digest, sealed, card, terminal } = parts;
  const { message } = read;
  const { merchant } = terminal;
  const at = options.clock.now();
  const local = localParts(at, options.calendar.zone);
  const assigned = await options.numbers.assign(at, local.date);
  const amount = minorOf(message);
  const request = saleMessage({
    assigned,
    merchant,
    terminal: terminal.tid,
    fields: message.fields,
    card,
    pinBlock: parts.pin,
    acquirer: options.acquirer,
    time: local.time.replaceAll(":", ""),
    date: local.date.slice(5).replace("-", ""),
  });
  return {
    key,
    digest,
    assigned,
    amount,
    currency: merchant.currency,
    fee: feeOf(amount, BigInt(merchant.feePpm)),
    entryMode: message.fields["22"] ?? "",
    maskedPan: maskPan(card.pan),
    panToken: sealed.token,
    panCipher: sealed.cipher,
    request: keptOf(message),
    networkKey: networkKeyOf(request.fields),
    networkRequest: keep(request),
    own: { ...clockFields(options), "32": options.network, "37": assigned.rrn },
    keepReply: (reply) => keptOf(keepable(replyTo(message, reply))),
    send: () => sendSale(options.link, request, options.today),
  };
}

/** A reply as it would be read by the terminal. */
const keepable = (reply: Message): Decoded => decode(unionpayPos, encode(unionpayPos, reply));

/** The answer of the payments room, as a reply. */
function say(options: DeskOptions, read: Read, said: SaleAnswer): Promise<DeskAnswer> {
  switch (said.kind) {
    case "answer":
      return answer(options, read, said.reply);
    case "refused":
      return refuse(options, read, refusalFor(said.reason));
    case "failed":
      return refuse(options, read, refusalFor("failed"));
    case "no-answer":
      return Promise.resolve({ kind: "nothing" });
  }
}

async function reversal(options: DeskOptions, read: Read): Promise<DeskAnswer> {
  const { message, terminal } = read;
  if (!terminal) return refuse(options, read, refusalFor("unknown-terminal"));
  const amount = minorOf(message);
  if (read.facts["wrong-amount"] === true || amount === 0n) {
    return refuse(options, read, refusalFor("wrong-amount"));
  }
  const own = { ...clockFields(options), "32": options.network, "39": "00" };
  const said = await options.payments.reversal({
    key: naturalKey(terminal, message),
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
