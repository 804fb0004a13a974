export { padDocument, padLanguage, padPolicy } from "./document.ts";
export { createPinPad, type PadMessage, type PinPad, type PinResult } from "./pinpad.ts";
