/** Receipts through receiptline: one document, as text, as a picture, for any printer. */
import { currency, formatMajor } from "@tillway/money";
import { catalogue, type TransactionName } from "@tillway/transactions";
import receiptline from "receiptline";
import { doubled, png } from "./png.ts";
import { words, type Both, type Language, type Word } from "./words.ts";

/** What a receipt says. Nothing here identifies a card: `maskedPan` is first six, last four. */
export type ReceiptData = {
  readonly type: TransactionName;
  readonly outcome: "approved" | "declined" | "timed-out" | "reversed" | "refused";
  readonly merchantName: Both;
  readonly mid: string;
  readonly tid: string;
  readonly maskedPan: string;
  readonly entry?: "chip" | "tap" | "swipe" | "manual";
  readonly batch: string;
  readonly stan: string;
  readonly rrn: string;
  readonly authorizationCode: string;
  /** "YYYY-MM-DD HH:MM:SS", local to the till. */
  readonly dateTime: string;
  /** Minor units, decimal digits, and its currency's letters. */
  readonly amount: string;
  readonly currency: string;
  readonly original?: { readonly rrn: string; readonly stan: string; readonly date: string };
  /** Minor units: the tip in the amount; what was asked for where a part was approved. */
  readonly tip?: string;
  readonly asked?: string;
  readonly plan?: {
    readonly periods: number;
    readonly code: string;
    readonly payer: "holder" | "merchant";
  };
  /** Minor units, with - where it is owed. */
  readonly balance?: string;
  readonly responseCode: string;
  readonly responseText: Both;
  readonly cvm:
    | "online-pin"
    | "offline-pin"
    | "offline-pin-and-signature"
    | "signature"
    | "on-device"
    | "none"
    | "failed";
  readonly noPinNoSignature: boolean;
  readonly aid: string;
  readonly label: string;
  /** Hex: tags 95 and 9B, and the last cryptogram with its type (TC, ARQC, AAC). */
  readonly tvr: string;
  readonly tsi: string;
  readonly cryptogram?: { readonly type: string; readonly value: string } | undefined;
};

/** A signature given on the screen: one bit a point, rows of bytes. */
export type Signature = {
  readonly picture: Uint8Array;
  readonly width: number;
  readonly height: number;
};

const columns = 32;
const encodings = { en: "multilingual", zh: "gb18030" } as const;

/** The receipt as lines of text in one language. */
export function receiptText(data: ReceiptData, language: Language): string {
  const printer = { cpl: columns, encoding: encodings[language], command: "text" as const };
  return receiptline
    .transform(receiptMarkup(data, language), printer)
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/^\n+|\n+$/g, "");
}

/** The receipt as an SVG document in one language; the same data give the same text. */
export function receiptSvg(data: ReceiptData, language: Language, signature?: Signature): string {
  const printer = { cpl: columns, encoding: encodings[language], command: "svg" as const };
  return (
    receiptline
      .transform(receiptMarkup(data, language, signature), printer)
      // receiptline names its filter at random; a receipt should be the same each time it is drawn.
      .replace(/receipt-[0-9a-f-]{36}/g, "receipt-inverse")
  );
}

/** The receipt as commands of an ESC/POS printer, a signature as raster: one character a byte. */
export function receiptCommands(
  data: ReceiptData,
  language: Language,
  signature?: Signature,
): string {
  const printer = { cpl: columns, encoding: encodings[language], command: "escpos" as const };
  return receiptline.transform(receiptMarkup(data, language, signature), printer);
}

/** The receipt in receiptline's own language: also what a printer is driven with. */
export function receiptMarkup(
  data: ReceiptData,
  language: Language,
  signature?: Signature,
): string {
  const say = (word: Word): string => escape(words[word][language]);
  const row = (word: Word, value: string | undefined): string[] =>
    value === undefined || value === "" ? [] : [`${say(word)} | ${escape(value)}`];
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
    ...row("type", catalogue[data.type].text[language]),
    ...row("card", data.maskedPan),
    ...row("entry", data.entry && words[data.entry][language]),
    ...row("application", data.label),
    ...row("batch", data.batch),
    ...row("stan", data.stan),
    ...row("rrn", data.rrn),
    ...row("authorization", data.authorizationCode),
    ...row("date", data.dateTime),
    ...row("originalRrn", data.original?.rrn),
    ...row("originalStan", data.original?.stan.replace(/^0{6}$/, "")),
    ...row("originalDate", data.original?.date),
    "-",
    ...amounts(data, language),
    ...row("result", words[data.outcome][language]),
    ...(approved ? [] : row("response", data.responseCode)),
    ...(approved ? [] : row("reason", data.responseText[language])),
    "-",
    "{width:6 26}",
    ...chip.map(([name, value]) => `${escape(name ?? "")} | ${escape(value ?? "")}`),
    "{width:*}",
    ...(approved ? closing(data, say, signature) : []),
  ].join("\n");
}

/** The amount, or the amounts that make it up; what goes back to the cardholder has a minus. */
function amounts(data: ReceiptData, language: Language): string[] {
  const say = (word: Word): string => escape(words[word][language]);
  const money = (minor: bigint): string => escape(amountText(minor, data.currency));
  const { posting, amount: rule } = catalogue[data.type];
  const amount = BigInt(data.amount);
  const plan = data.plan && [
    `${say("periods")} | ${data.plan.periods}`,
    `${say("plan")} | ${escape(data.plan.code)}`,
    `${say("payer")} | ${say(data.plan.payer === "holder" ? "holder" : "shop")}`,
  ];
  if (rule === "none") {
    return data.balance === undefined
      ? []
      : [`${say("balance")} | ^^${money(BigInt(data.balance))}`];
  }
  if (data.tip !== undefined) {
    return [
      `${say("base")} | ${money(amount - BigInt(data.tip))}`,
      `${say("tip")} | ${money(BigInt(data.tip))}`,
      `${say("total")} | ^^${money(amount)}`,
    ];
  }
  if (data.asked !== undefined) {
    return [
      `${say("asked")} | ${money(BigInt(data.asked))}`,
      `${say("part")} | ^^${money(amount)}`,
      `${say("rest")} | ^^${money(BigInt(data.asked) - amount)}`,
    ];
  }
  const back = posting === "void" || posting === "refund";
  return [`${say("amount")} | ^^${money(back ? -amount : amount)}`, ...(plan ?? [])];
}

/** What stands below an approval: a line to sign on only where the card asks for it. */
function closing(
  { cvm, noPinNoSignature }: ReceiptData,
  say: (word: Word) => string,
  signature: Signature | undefined,
): string[] {
  switch (cvm) {
    case "signature":
    case "offline-pin-and-signature":
      return ["", say("signature"), ...signed(signature), "-", say("consent")];
    case "online-pin":
    case "offline-pin":
      return [say("pin")];
    case "on-device":
      return [say("phone")];
    case "none":
    case "failed":
      return [say(noPinNoSignature ? "small" : "none")];
  }
}

/** The signature, or room for one. */
function signed(signature: Signature | undefined): string[] {
  if (!signature) return ["", ""];
  const { picture, width, height } = signature;
  const image = png(doubled(picture, width), width * 2, height * 2);
  return [`{image:${Buffer.from(image).toString("base64")}}`];
}

function amountText(minor: bigint, code: string): string {
  const known = currency(code);
  if (!known) return `${code} ${minor}`;
  return `${known.code} ${formatMajor({ minor, currency: known })}`;
}

/** Characters that mean something in receiptline's language, said literally. */
function escape(text: string): string {
  return text.replace(/[\\|{}~"_`^]/g, (one) => `\\${one}`).replace(/[\r\n]/g, " ");
}
