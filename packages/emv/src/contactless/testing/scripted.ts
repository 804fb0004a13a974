/** For tests: a card that is a table of answers, for one application of kernel 3 or 7. */
import { cardOf, tlv } from "../../kernel/testing/scripted-card.ts";
import { rehearseTap } from "../rehearsal.ts";
import type { TapRehearsal, TapSurroundings } from "../rehearsal.ts";
import { readerOf, TRANSACTION } from "./field.ts";
import type { Reader } from "./field.ts";
import type { TransactionInput } from "../../kernel/transaction.ts";

export { tlv };

export const VISA = "A0000000031010";
export const PAN = "4761739001010010";
const PDOL = "9F66049F02069F37045F2A02";

/** One entry of the directory. */
export function entryOf(aid: string, priority = "01", more = ""): string {
  return tlv("61", tlv("4F", aid) + tlv("50", "56495341") + tlv("87", priority) + more);
}

export function directoryOf(...entries: readonly string[]): string {
  const name = tlv("84", "325041592E5359532E4444463031");
  return `${tlv("6F", name + tlv("A5", tlv("BF0C", entries.join(""))))}9000`;
}

export function fciOf(aid: string, pdol = PDOL): string {
  const list = pdol === "" ? "" : tlv("9F38", pdol);
  return `${tlv("6F", tlv("84", aid) + tlv("A5", tlv("50", "56495341") + list))}9000`;
}

/** Data objects of the answer to GET PROCESSING OPTIONS; "" leaves one out. An ARQC by default. */
const OPTIONS: Readonly<Record<string, string>> = {
  "82": "2000",
  "57": `${PAN}D3012201`,
  "5F34": "01",
  "9F10": "06010A03A00000",
  "9F26": "A1A2A3A4A5A6A7A8",
  "9F36": "0007",
  "9F6C": "0000",
};

export function optionsOf(change: Readonly<Record<string, string>> = {}): string {
  const objects = Object.entries({ ...OPTIONS, ...change }).filter(([, value]) => value !== "");
  return `${tlv("77", objects.map(([name, value]) => tlv(name, value)).join(""))}9000`;
}

export type Script = {
  /** Answers by the beginning of the command; the longest beginning counts, "removed" tears. */
  readonly replies?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly reader?: Reader;
  readonly transaction?: Partial<TransactionInput>;
  /** A response code, or "unable": no host answers. */
  readonly host?: string;
  readonly pin?: TapSurroundings["pin"];
  readonly field?: TapSurroundings["field"];
};

/** Plays a transaction with the scripted card. */
export function playScript(script: Script = {}): TapRehearsal {
  const card = cardOf({
    "00A404000E325041592E": directoryOf(entryOf(VISA)),
    [`00A4040007${VISA}`]: fciOf(VISA),
    "80A8": optionsOf(script.options),
    ...script.replies,
  });
  return rehearseTap(
    readerOf(script.reader),
    { ...TRANSACTION, ...script.transaction },
    {
      card,
      host: () => (script.host === "unable" ? undefined : (script.host ?? "00")),
      ...(script.pin === undefined ? {} : { pin: script.pin }),
      ...(script.field === undefined ? {} : { field: script.field }),
    },
  );
}

/** One bit of an answer turned. */
export function turnBit(response: Uint8Array, at: number): Uint8Array {
  return response.map((byte, index) => (index === at ? byte ^ 0x01 : byte));
}
