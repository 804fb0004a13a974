/** Sales and reversals at the desk: the second half of the list of refusals, then the payments room. */
import { fromHex } from "@tillway/bytes";
import { decode, encode, unionpayPos, type Decoded, type Message } from "@tillway/iso8583";
import { currency as currencyOf, localParts, maskPan } from "@tillway/money";
import { feeOf } from "../ledger/index.ts";
import { networkKeyOf, type NaturalKey, type Sale, type SaleAnswer } from "../payments/index.ts";
import type { Terminal } from "../terminals/index.ts";
import { readCard, translatePin, type Card } from "./card.ts";
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
import { keep, saleMessage, sendSale } from "./network-sale.ts";
import { firstRefusal, refusalFor, type Facts } from "./refusals.ts";
import { replyTo } from "./replies.ts";

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
export async function sale(options: DeskOptions, read: Read): Promise<DeskAnswer> {
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
