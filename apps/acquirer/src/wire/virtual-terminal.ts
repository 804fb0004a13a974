/** Refunds, voids and completions by the API: a terminal of the merchant that has no card reader. */
import { createHash } from "node:crypto";
import { localParts } from "@tillway/money";
import { catalogue, follows, transactionNames, type TransactionName } from "@tillway/transactions";
import {
  lifeOf,
  networkKeyOf,
  releasedBy,
  type Kept,
  type OriginalRow,
  type PaymentAnswer,
  type Reply,
} from "../payments/index.ts";
import type { Merchant } from "../terminals/index.ts";
import { clockFields, type DeskOptions } from "./counter.ts";
import { keep, paymentMessage, sendPayment } from "./network-message.ts";

/** What may be asked for by the API. */
export const apiActions = ["refund", "void", "completion"] as const;
export type ApiAction = (typeof apiActions)[number];

const undoes = new Set(["undo", "uncapture", "release"]);

/** The type that an action comes to for an original; undefined where there is none. */
export function typeOf(action: ApiAction, original: TransactionName): TransactionName | undefined {
  return transactionNames.find((name) => {
    if (!follows(name, original)) return false;
    switch (action) {
      case "refund":
        return name === "refund";
      case "completion":
        return catalogue[name].issuing === "capture" && lifeOf(name) === "advice";
      case "void":
        return undoes.has(catalogue[name].issuing);
    }
    return false;
  });
}

/** Its number: of the merchant, so that it needs no row of its own. */
export function virtualTerminal(mid: string): string {
  return `V${createHash("sha256").update(mid).digest("hex").slice(0, 7).toUpperCase()}`;
}

/** It has one batch that is never closed: what the API did is no terminal's to agree about. */
const BATCH = "000000";
export const isVirtual = (batch: string): boolean => batch === BATCH;
/** DE 22: by hand, no PIN. */
const ENTRY = "012";

export type ApiRequest = {
  readonly name: TransactionName;
  readonly original: OriginalRow;
  readonly merchant: Merchant;
  /** The open batch of the original's terminal. */
  readonly openBatch: string;
  /** In minor units. */
  readonly amount: bigint;
  /** The caller's Idempotency-Key: the same again is the same request. */
  readonly idempotencyKey: string;
};

function fieldsOf(options: DeskOptions, request: ApiRequest): Record<string, string> {
  const { name, original, merchant, amount } = request;
  const { pos } = catalogue[name];
  const { standing } = original;
  return {
    "3": pos.processing,
    "4": amount.toString().padStart(12, "0"),
    "22": ENTRY,
    "25": pos.condition,
    "37": standing.rrn,
    ...(standing.authorisationCode ? { "38": standing.authorisationCode } : {}),
    "41": virtualTerminal(merchant.mid),
    "42": merchant.mid,
    "49": standing.sent?.fields["49"] ?? "156",
    "60": `${pos.type}${BATCH}000`,
    "61": `${standing.batch}${original.stan}${clockFields(options)["13"]}`,
  };
}

/** Carries one out like any other request: written down, sent or stored, decided, answered. */
export async function payByApi(options: DeskOptions, request: ApiRequest): Promise<PaymentAnswer> {
  const { name, original, merchant, amount, idempotencyKey } = request;
  const { standing } = original;
  const fields = fieldsOf(options, request);
  const key = options.panKeys.seal;
  const opened = await options.module.run({ do: "open-pan", key, cipher: original.panCipher });
  if (!opened.ok) throw new Error(opened.message);
  const at = options.clock.now();
  const local = localParts(at, options.calendar.zone);
  const assigned = await options.numbers.assign(at, local.date);
  const terminal = virtualTerminal(merchant.mid);
  const message = paymentMessage({
    name,
    assigned,
    again: false,
    merchant,
    terminal,
    fields,
    card: { pan: opened.pan, tracks: {} },
    pinBlock: undefined,
    original,
    receiver: undefined,
    acquirer: options.acquirer,
    time: local.time.replaceAll(":", ""),
    date: local.date.slice(5).replace("-", ""),
  });
  const kept = (mti: string, more: Reply): Kept => ({
    spec: "unionpay-pos",
    mti,
    fields: { ...fields, ...more },
    notKept: [],
  });
  const { mti } = catalogue[name].pos;
  const { bucket, transaction, businessDate } = standing;
  return options.payments.pay({
    name,
    key: {
      bucket,
      merchant: merchant.mid,
      terminal,
      batch: BATCH,
      stan: idempotencyKey,
      class: mti === "0220" ? "advice" : "request",
    },
    onBehalf: { terminal: standing.terminal, batch: request.openBatch },
    digest: createHash("sha256").update(`${name} ${transaction} ${amount}`).digest("hex"),
    assigned,
    again: null,
    amount,
    tip: 0n,
    currency: original.currency,
    feePpm: original.feePpm,
    entryMode: ENTRY,
    verifiedOnDevice: false,
    maskedPan: original.maskedPan,
    panToken: standing.panToken,
    panCipher: original.panCipher,
    receiverCipher: null,
    cardShown: false,
    authorisationCode: standing.authorisationCode,
    follows: { bucket, transaction, businessDate },
    releases: releasedBy(name, standing),
    request: kept(mti, {}),
    networkKey: networkKeyOf(message.fields),
    networkRequest: keep(message),
    own: { ...clockFields(options), "32": options.network, "37": assigned.rrn },
    keepReply: (reply) => kept(`${mti.slice(0, 2)}${mti[2] === "0" ? 1 : 3}0`, reply),
    send: () => sendPayment(options.link, message, options.today),
  });
}
