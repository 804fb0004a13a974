/** A card as requests and receipts know it, whichever way it was read. */
import {
  encodeTlvs,
  type AnyVerification,
  type KernelOutcome,
  type OnlineRequest,
  type TapOutcome,
  type TapRequest,
  type TapVerification,
} from "@tillway/emv";
import { maskPan } from "@tillway/money";
import type { Entry } from "../journal/index.ts";

export type Verification = AnyVerification | TapVerification;

/** What a request says of the card. Holds card data in clear: memory only, never logged. */
export type CardData = {
  readonly entry: Entry;
  /** First two digits of DE 22 (spec §2.6). */
  readonly mode: string;
  /** Swiped because its chip failed. */
  readonly chipFailed: boolean;
  readonly pan: string;
  readonly psn?: string;
  /** YYMM; empty where it is not known. */
  readonly expiry: string;
  /** Track 2 with D or =; empty where there is none. */
  readonly track: string;
  /** DE 55 of the request and of a reversal before the card has decided. */
  readonly chip: Uint8Array;
  readonly reversal: Uint8Array;
};

/** What is shown and printed of the card; nothing of it identifies one. */
export type CardFacts = {
  readonly entry: Entry;
  readonly maskedPan: string;
  readonly cvm: Verification;
  readonly noPinNoSignature: boolean;
  readonly aid: string;
  readonly label: string;
  readonly tvr: string;
  readonly tsi: string;
  readonly cryptogram?: { readonly type: string; readonly value: string };
};

const NOTHING = new Uint8Array(0);

/** Tags of DE 55 in a reversal before the card has decided (spec §2.7). */
const reversalTags = ["95", "9F1E", "9F10", "9F36"] as const;

export function chipData(
  entry: "chip" | "tap",
  request: OnlineRequest<AnyVerification> | TapRequest,
): CardData {
  const { pan, psn, expiry, track2, data, store } = request;
  const kept = reversalTags.flatMap((tag) => {
    const value = store.get(tag);
    return value === undefined ? [] : [[tag, value] as const];
  });
  return {
    entry,
    mode: "entryMode" in request ? request.entryMode.slice(0, 2) : "05",
    chipFailed: false,
    pan,
    ...(psn === undefined ? {} : { psn }),
    expiry,
    track: track2,
    chip: data,
    reversal: kept.length === 0 ? NOTHING : encodeTlvs(kept),
  };
}

/** The card of an outcome without the host: DE 55 is that of an advice. */
export function offlineData(
  entry: "chip" | "tap",
  outcome: KernelOutcome<AnyVerification> | TapOutcome,
): CardData | undefined {
  const { pan, psn, data } = outcome;
  if (pan === undefined) return undefined;
  return {
    entry,
    mode: entry === "tap" ? "07" : "05",
    chipFailed: false,
    pan,
    ...(psn === undefined ? {} : { psn }),
    expiry: "",
    track: "",
    chip: data.advice,
    reversal: data.reversal,
  };
}

/** A card number that was keyed in or comes from the original. */
export function keyedData({
  pan,
  expiry,
}: {
  readonly pan: string;
  readonly expiry: string;
}): CardData {
  return {
    entry: "manual",
    mode: "01",
    chipFailed: false,
    pan,
    expiry,
    track: "",
    chip: NOTHING,
    reversal: NOTHING,
  };
}

export function chipFacts(
  entry: "chip" | "tap",
  outcome: KernelOutcome<AnyVerification> | TapOutcome,
): CardFacts {
  const { aid, label, tvr, tsi, cryptogram, pan, cvm } = outcome;
  return {
    entry,
    maskedPan: pan === undefined ? "" : maskPan(pan),
    cvm,
    noPinNoSignature: "noPinNoSignature" in outcome && outcome.noPinNoSignature,
    aid: aid ?? "",
    label: label ?? "",
    tvr: aid === undefined ? "" : tvr,
    tsi: aid === undefined ? "" : tsi,
    ...(cryptogram === undefined ? {} : { cryptogram }),
  };
}

/** A card without a chip, or whose chip was only read. */
export function plainFacts({ entry, pan }: CardData, cvm: Verification): CardFacts {
  return {
    entry,
    maskedPan: maskPan(pan),
    cvm,
    noPinNoSignature: false,
    aid: "",
    label: "",
    tvr: "",
    tsi: "",
  };
}
