/** What is shown and printed of a payment that is over. */
import type { KernelOutcome } from "@tillway/emv";
import { maskPan } from "@tillway/money";
import type { Identity } from "../journal/index.ts";
import { receiptSvg, receiptText, type ReceiptData } from "../receipt/index.ts";
import type { HostWords } from "../session/index.ts";
import { textsOf, type Ending } from "./ending.ts";
import type { Sale } from "./flow.ts";
import { receiptTime } from "./sale.ts";
import type { ShownReceipt, ShownResult } from "./screen.ts";

export type Concluded = {
  readonly sale: Sale;
  readonly ending: Ending;
  readonly host: HostWords | undefined;
  readonly outcome: KernelOutcome | undefined;
  readonly identity: Identity;
};

export type Conclusion = {
  readonly ending: Ending;
  readonly result: ShownResult;
  readonly receipt: ShownReceipt;
  readonly data: ReceiptData;
};

export function conclusion(concluded: Concluded, now: number, zone: string): Conclusion {
  const { sale, ending, host, outcome, identity } = concluded;
  const { text, advice } = textsOf(ending);
  const maskedPan = outcome?.pan === undefined ? "" : maskPan(outcome.pan);
  const data: ReceiptData = {
    outcome: ending.outcome,
    merchantName: { en: identity.merchantName, zh: identity.merchantNameZh },
    mid: identity.mid,
    tid: identity.tid,
    maskedPan,
    batch: sale.batch,
    stan: sale.stan,
    rrn: host?.rrn ?? "",
    authorizationCode: host?.authorizationCode ?? "",
    dateTime: receiptTime(host, now, zone),
    amount: sale.amount,
    currency: sale.currency,
    responseCode: ending.responseCode,
    responseText: text,
    cvm: outcome?.cvm ?? "none",
    aid: outcome?.aid ?? "",
    label: outcome?.label ?? "",
    tvr: outcome?.aid === undefined ? "" : outcome.tvr,
    tsi: outcome?.aid === undefined ? "" : outcome.tsi,
    cryptogram: outcome?.cryptogram,
  };
  return {
    ending,
    data,
    result: {
      outcome: ending.outcome,
      responseCode: ending.responseCode,
      responseText: text,
      advice,
      rrn: data.rrn,
      authorizationCode: data.authorizationCode,
      maskedPan,
      stan: sale.stan,
      batch: sale.batch,
    },
    receipt: {
      text: { en: receiptText(data, "en"), zh: receiptText(data, "zh") },
      svg: { en: receiptSvg(data, "en"), zh: receiptSvg(data, "zh") },
    },
  };
}
