/** What both parties know of the institution interface: frames, keys of messages. */
export { businessDigest } from "./digest.ts";
export {
  CUPS_FRAMING,
  cupsFrame,
  LINK_LIMITS,
  NETWORK_INSTITUTION,
  type Address,
} from "./frames.ts";
export { matchKey, originalElements, originalKey, transmissionTime } from "./original.ts";
export { readablePart } from "./partial.ts";
