/** What is shown and printed of a transaction that is over. */
import type { Identity } from "../journal/index.ts";
import { receiptSvg, receiptText, type ReceiptData, type Signature } from "../receipt/index.ts";
import type { HostWords } from "../session/index.ts";
import type { CardFacts } from "./card.ts";
import { textsOf } from "./causes.ts";
import type { Ending } from "./ending.ts";
import type { Payment } from "./flow.ts";
import type { ShownReceipt, ShownResult } from "./screen.ts";
import { receiptTime } from "./times.ts";

export type Concluded = {
  readonly payment: Payment;
  readonly ending: Ending;
  readonly host: HostWords | undefined;
  readonly facts: CardFacts | undefined;
  readonly identity: Identity;
  readonly signature?: Signature | undefined;
};

export type Conclusion = {
  readonly ending: Ending;
  readonly result: ShownResult;
  readonly receipt: ShownReceipt;
  readonly data: ReceiptData;
};

export function conclusion(concluded: Concluded, now: number, zone: string): Conclusion {
  const { payment, ending, host, signature } = concluded;
  const { text, advice } = textsOf(ending);
  const data: ReceiptData = {
    ...receiptOf(concluded),
    ...(signature === undefined ? {} : { signedOnScreen: true }),
    dateTime: receiptTime(host, now, zone),
    responseText: text,
  };
  const { asked, balance, amount } = data;
  return {
    ending,
    data,
    result: {
      type: data.type,
      outcome: ending.outcome,
      responseCode: ending.responseCode,
      responseText: text,
      advice,
      rrn: data.rrn,
      authorizationCode: data.authorizationCode,
      maskedPan: data.maskedPan,
      stan: payment.stan,
      batch: payment.batch,
      ...(asked === undefined ? {} : { rest: (BigInt(asked) - BigInt(amount)).toString() }),
      ...(balance === undefined ? {} : { balance }),
    },
    receipt: {
      text: { en: receiptText(data, "en"), zh: receiptText(data, "zh") },
      svg: { en: receiptSvg(data, "en", signature), zh: receiptSvg(data, "zh", signature) },
    },
  };
}

function receiptOf({
  payment,
  ending,
  host,
  facts,
  identity,
}: Concluded): Omit<ReceiptData, "dateTime" | "responseText"> {
  const { original, tip, plan } = payment;
  const part = host?.responseCode === "10" && ending.outcome === "approved";
  const balance = ending.outcome === "approved" ? balanceOf(host?.additional ?? "") : undefined;
  const offline = ending.cause === "approved-offline";
  return {
    type: offline ? "offline chip sale" : payment.type,
    outcome: ending.outcome,
    merchantName: { en: identity.merchantName, zh: identity.merchantNameZh },
    mid: identity.mid,
    tid: identity.tid,
    maskedPan: facts?.maskedPan ?? "",
    ...(facts ? { entry: facts.entry } : {}),
    batch: payment.batch,
    stan: payment.stan,
    rrn: host?.rrn ?? "",
    authorizationCode: host?.authorizationCode ?? "",
    amount: part ? (host?.amount ?? payment.amount) : payment.amount,
    currency: payment.currency,
    ...(original
      ? { original: { rrn: original.rrn, stan: original.stan, date: original.date } }
      : {}),
    ...(tip === undefined ? {} : { tip }),
    ...(part ? { asked: payment.amount } : {}),
    ...(plan === undefined ? {} : { plan }),
    ...(payment.type === "balance inquiry" && balance !== undefined ? { balance } : {}),
    responseCode: ending.responseCode,
    cvm: facts?.cvm ?? "none",
    noPinNoSignature: facts?.noPinNoSignature ?? false,
    aid: facts?.aid ?? "",
    label: facts?.label ?? "",
    tvr: facts?.tvr ?? "",
    tsi: facts?.tsi ?? "",
    cryptogram: facts?.cryptogram,
  };
}

/** The first amount of DE 54 in minor units: account 2, kind 2, currency 3, C or D, 12 digits. */
function balanceOf(field54: string): string | undefined {
  const [, sign, amount] = /^..(?:..)(?:\d{3})([CD])(\d{12})/.exec(field54) ?? [];
  if (sign === undefined || amount === undefined) return undefined;
  return (sign === "D" ? -BigInt(amount) : BigInt(amount)).toString();
}
