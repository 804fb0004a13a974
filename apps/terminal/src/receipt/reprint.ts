/** A receipt once more, from what the journal keeps of it. */
import { receiptCommands, receiptSvg, receiptText, type ReceiptData } from "./receipt.ts";
import type { Language } from "./words.ts";

/** `kept`: JSON of a receipt's data. ESC/POS commands are bytes. */
export function reprint(
  kept: string,
  as: "text" | "svg" | "escpos",
  language: Language,
): { readonly type: string; readonly content: string | Buffer } {
  // Written by the desk when the transaction ended: the shape is ours.
  const data = JSON.parse(kept) as ReceiptData;
  switch (as) {
    case "text":
      return { type: "text/plain; charset=utf-8", content: receiptText(data, language) };
    case "svg":
      return { type: "image/svg+xml; charset=utf-8", content: receiptSvg(data, language) };
    case "escpos":
      return {
        type: "application/octet-stream",
        content: Buffer.from(receiptCommands(data, language), "latin1"),
      };
  }
}
