/** What comes after a payment: the issuer script's result, the cardholder's signature. */
import { createHash } from "node:crypto";
import { fromHex } from "@tillway/bytes";
import { networkKeyOf, stands, type Advice, type OriginalRow } from "../payments/index.ts";
import {
  answer,
  clockFields,
  keptOf,
  refuse,
  type DeskAnswer,
  type DeskOptions,
  type Read,
} from "./counter.ts";
import { keep, scriptMessage } from "./network-message.ts";
import { findOriginal } from "./original.ts";
import { naturalKey } from "./payment-desk.ts";
import { refusalFor, type Reason } from "./refusals.ts";

/** Known sender, right MAC: the result of an issuer script. It is kept and handed on, once. */
export async function scriptResult(options: DeskOptions, read: Read): Promise<DeskAnswer> {
  const { message, terminal } = read;
  if (!terminal) return refuse(options, read, refusalFor("unknown-terminal"));
  const original = await findOriginal(options, terminal, message, "script result");
  if (!original) return refuse(options, read, refusalFor("unknown-original"));
  const at = options.clock.now();
  const { bucket, transaction, businessDate } = original.standing;
  const place = { bucket, transaction, businessDate };
  const own = await options.numbers.transmit(at);
  const request = scriptMessage(original, message, own);
  const { "2": _pan, ...fields } = keep(request).fields;
  const networkKey = networkKeyOf(fields);
  const advice: Advice = {
    ...place,
    id: options.numbers.id(at),
    mti: request.mti,
    originalKey: networkKey,
    networkKey,
    reason: "script-result",
    fields,
    createdAt: at,
  };
  await options.store.note({
    do: "note",
    ...place,
    type: "script-result",
    key: naturalKey(terminal, message, "script"),
    responseCode: null,
    reason: message.parsed["55"]?.["DF31"] ?? "",
    at,
    messages: [{ hop: "script-result", message: keptOf(message) }],
    advice,
  });
  options.onAdvice();
  return answer(options, read, {
    ...clockFields(options),
    "32": options.network,
    "37": original.standing.rrn,
    "39": "00",
  });
}

/**
 * The characteristic code that is printed into the image (spec unionpay-pos §2.7): settlement date
 * MMDD and RRN as 16 hex digits, the first half XOR the second. Undefined of an RRN with letters.
 */
export function characteristicCode(settlementDate: string, rrn: string): string | undefined {
  const text = `${settlementDate}${rrn}`;
  if (!/^[0-9A-F]{16}$/.test(text)) return undefined;
  const [first, second] = [fromHex(text.slice(0, 8)), fromHex(text.slice(8))];
  return Buffer.from(first.map((byte, at) => byte ^ (second[at] ?? 0)))
    .toString("hex")
    .toUpperCase();
}

/** Why a signature is not this payment's; undefined where it is. */
function signatureRefusal(read: Read, original: OriginalRow, code: string): Reason | undefined {
  const { fields } = read.message;
  const { standing, settlementDate } = original;
  if (!stands(standing.state)) return "original-not-approved";
  const settled = settlementDate?.slice(5).replace("-", "") ?? "0000";
  if (code !== characteristicCode(settled, standing.rrn)) return "other-signature";
  return BigInt(fields["4"] ?? "0") === standing.amount + standing.marks.tip
    ? undefined
    : "not-its-amount";
}

/** Known sender, right MAC: a cardholder's signature, sealed and kept with its payment. */
export async function signature(options: DeskOptions, read: Read): Promise<DeskAnswer> {
  const { message, terminal } = read;
  if (!terminal) return refuse(options, read, refusalFor("unknown-terminal"));
  const { "15": date = "0000", "37": rrn = "", "62": image = "" } = message.fields;
  const original = await findOriginal(options, terminal, message, "signature");
  if (!original) return refuse(options, read, refusalFor("unknown-original"));
  const code = characteristicCode(date, rrn) ?? "";
  const refusal = signatureRefusal(read, original, code);
  if (refusal) return refuse(options, read, refusalFor(refusal));
  const { bucket, transaction, businessDate } = original.standing;
  const key = options.panKeys.seal;
  const data = fromHex(image);
  const context = signatureContext(transaction);
  const sealed = await options.module.run({ do: "seal-data", key, context, data });
  if (!sealed.ok) throw new Error(sealed.message);
  const kept = await options.store.keepSignature({
    bucket,
    transaction,
    businessDate,
    digest: createHash("sha256").update(data).digest("hex"),
    code,
    sealed: sealed.sealed,
    at: options.clock.now(),
  });
  if (kept === "other-content") return refuse(options, read, refusalFor("other-content"));
  return answer(options, read, { ...clockFields(options), "39": "00" });
}

/** What a sealed signature is bound to. */
export const signatureContext = (transaction: string): string => `signature ${transaction}`;
