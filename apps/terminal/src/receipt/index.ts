export {
  printerWorks,
  receiptCommands,
  receiptSvg,
  receiptText,
  type ReceiptData,
  type Signature,
} from "./receipt.ts";
export type { Both, Language } from "./words.ts";
export { reprint } from "./reprint.ts";
