/** Receipts through receiptline: one document, as text, as a picture, for any printer. */
import { currency, formatMajor } from "@tillway/money";
import receiptline from "receiptline";
import { words, type Both, type Language, type Word } from "./words.ts";

/** What a receipt says. Nothing here identifies a card: `maskedPan` is first six, last four. */
export type ReceiptData = {
  readonly outcome: "approved" | "declined" | "timed-out" | "reversed" | "refused";
  readonly merchantName: Both;
  readonly mid: string;
  readonly tid: string;
  readonly maskedPan: string;
  readonly batch: string;
  readonly stan: string;
  readonly rrn: string;
  readonly authorizationCode: string;
  /** "YYYY-MM-DD HH:MM:SS", local to the till. */
  readonly dateTime: string;
  /** Minor units, decimal digits, and its currency's letters. */
  readonly amount: string;
  readonly currency: string;
  readonly responseCode: string;
  readonly responseText: Both;
  readonly cvm: "online-pin" | "signature" | "none" | "failed";
  readonly aid: string;
  readonly label: string;
  /** Hex: tags 95 and 9B, and the last cryptogram with its type (TC, ARQC, AAC). */
  readonly tvr: string;
  readonly tsi: string;
  readonly cryptogram: { readonly type: string; readonly value: string } | undefined;
};

const width = 32;

/** The receipt as lines of text in one language. */
export function receiptText(data: ReceiptData, language: Language): string {
  const printer = { cpl: width, encoding: encodings[language], command: "text" as const };
  return receiptline
    .transform(receiptMarkup(data, language), printer)
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/^\n+|\n+$/g, "");
}

/** The receipt as an SVG document in one language; the same data give the same text. */
export function receiptSvg(data: ReceiptData, language: Language): string {
  const printer = { cpl: width, encoding: encodings[language], command: "svg" as const };
  return (
    receiptline
      .transform(receiptMarkup(data, language), printer)
      // receiptline names its filter at random; a receipt should be the same each time it is drawn.
      .replace(/receipt-[0-9a-f-]{36}/g, "receipt-inverse")
  );
}

const encodings = { en: "multilingual", zh: "gb18030" } as const;

/** The receipt in receiptline's own language: also what a printer is driven with. */
export function receiptMarkup(data: ReceiptData, language: Language): string {
  const say = (word: Word): string => escape(words[word][language]);
  const row = (word: Word, value: string): string[] =>
    value === "" ? [] : [`${say(word)} | ${escape(value)}`];
  const chip = [
    ["AID", data.aid],
    ["TVR", data.tvr],
    ["TSI", data.tsi],
    [data.cryptogram?.type ?? "", data.cryptogram?.value ?? ""],
  ].filter(([, value]) => value !== "");
  const approved = data.outcome === "approved";
  return [
    "{width:*; border:none; align:center}",
    `^^${say("title")}`,
    say("copy"),
    "-",
    "{width:12 20}",
    ...row("merchant", data.merchantName[language]),
    ...row("mid", data.mid),
    ...row("tid", data.tid),
    "-",
    ...row("type", words.sale[language]),
    ...row("card", data.maskedPan),
    ...row("application", data.label),
    ...row("batch", data.batch),
    ...row("stan", data.stan),
    ...row("rrn", data.rrn),
    ...row("authorization", data.authorizationCode),
    ...row("date", data.dateTime),
    "-",
    `${say("amount")} | ^^${escape(amountText(data))}`,
    ...row("result", words[data.outcome][language]),
    ...(approved ? [] : row("response", data.responseCode)),
    ...(approved ? [] : row("reason", data.responseText[language])),
    "-",
    "{width:6 26}",
    ...chip.map(([name, value]) => `${escape(name ?? "")} | ${escape(value ?? "")}`),
    "{width:*}",
    ...(approved ? closing(data.cvm, say) : []),
  ].join("\n");
}

/** What stands below an approved sale: a line to sign on only where the card asks for it. */
function closing(cvm: ReceiptData["cvm"], say: (word: Word) => string): string[] {
  switch (cvm) {
    case "signature":
      return ["", say("signature"), "", "", "-", say("consent")];
    case "online-pin":
      return [say("pin")];
    case "none":
    case "failed":
      return [say("none")];
  }
}

function amountText(data: ReceiptData): string {
  const known = currency(data.currency);
  if (!known) return `${data.currency} ${data.amount}`;
  return `${known.code} ${formatMajor({ minor: BigInt(data.amount), currency: known })}`;
}

/** Characters that mean something in receiptline's language, said literally. */
function escape(text: string): string {
  return text.replace(/[\\|{}~"_`^]/g, (one) => `\\${one}`).replace(/[\r\n]/g, " ");
}
