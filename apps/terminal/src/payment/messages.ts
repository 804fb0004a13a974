/** A chip sale as the message of spec §2.4, and the reversal that would undo it. */
import { toHex } from "@tillway/bytes";
import { encodeTlvs, type OnlineRequest } from "@tillway/emv";
import type { Message, MessageFields } from "@tillway/iso8583";
import type { Identity } from "../journal/index.ts";
import type { Sale } from "./flow.ts";

export type SaleParts = {
  readonly device: Pick<Identity, "tid" | "mid">;
  readonly sale: Pick<Sale, "stan" | "batch" | "amount">;
  /** ISO 4217, three digits. */
  readonly currency: string;
  readonly request: Pick<OnlineRequest, "pan" | "psn" | "expiry" | "data" | "store">;
  /** Track 2 with its block encrypted; "" where the card gave none. */
  readonly track: string;
  /** Hex, where a PIN was entered. */
  readonly pinBlock: string | undefined;
};

/** 60: sale, its batch, no management code, reader for contact chip, chip not failed before. */
const field60 = (batch: string): string => `22${batch}00050`;

function common({ device, sale, currency, request, pinBlock }: SaleParts): MessageFields {
  return {
    "2": request.pan,
    "3": "000000",
    "4": sale.amount.padStart(12, "0"),
    "11": sale.stan,
    "14": request.expiry,
    "22": pinBlock === undefined ? "052" : "051",
    ...(request.psn === undefined ? {} : { "23": request.psn.padStart(3, "0") }),
    "25": "00",
    "41": device.tid,
    "42": device.mid,
    "49": currency,
    "60": field60(sale.batch),
  };
}

/** The 0200 without its MAC. Holds card data: sent once and never kept. */
export function saleRequest(parts: SaleParts): Message {
  const { request, track, pinBlock } = parts;
  // 53: format 0 with PAN, or no PIN; double-length TDES; track encrypted or absent (spec §2.6).
  const security = `${pinBlock === undefined ? "0" : "2"}6${track === "" ? "0" : "1"}`;
  return {
    mti: "0200",
    fields: {
      ...common(parts),
      ...(pinBlock === undefined ? {} : { "26": "12", "52": pinBlock }),
      ...(track === "" ? {} : { "35": track }),
      "53": security.padEnd(16, "0"),
      "55": toHex(request.data),
    },
  };
}

/** Tags of DE 55 in a reversal before the card has decided (spec §2.7). */
const reversalTags = ["95", "9F1E", "9F10", "9F36"] as const;

/** The fields of the 0400 but 39 and 64: what the journal keeps, under its key, until it is done. */
export function reversalFields(parts: SaleParts): MessageFields {
  const { store } = parts.request;
  const kept = reversalTags.flatMap((tag) => {
    const value = store.get(tag);
    return value === undefined ? [] : [[tag, value] as const];
  });
  return { ...common(parts), ...(kept.length === 0 ? {} : { "55": toHex(encodeTlvs(kept)) }) };
}
