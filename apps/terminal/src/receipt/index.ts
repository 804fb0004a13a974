export { receiptSvg, receiptText, type ReceiptData } from "./receipt.ts";
export { type Both, type Language } from "./words.ts";
