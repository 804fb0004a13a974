import type { Identity } from "../journal/index.ts";
import type { Paid } from "../payment/index.ts";

/** The document of `tillway pay --json`, with the texts of both languages beside it. */
export function payAnswer(paid: Extract<Paid, { ok: true }>, identity: Identity): object {
  const { sale, conclusion, elapsedMs } = paid;
  const { result, receipt } = conclusion;
  return {
    outcome: result.outcome,
    responseCode: result.responseCode,
    amount: sale.amount,
    currency: sale.currency,
    entry: "chip",
    pan: result.maskedPan,
    terminal: identity.tid,
    merchant: identity.mid,
    stan: sale.stan,
    batch: conclusion.data.batch,
    rrn: result.rrn,
    authorizationCode: result.authorizationCode,
    transaction: sale.id,
    receipt: receipt.text.en,
    receipts: receipt.text,
    responseText: result.responseText,
    advice: result.advice,
    elapsedMs,
  };
}
