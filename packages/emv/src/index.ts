/** EMV: data objects, offline data authentication, the card and the terminal kernel. */
export * from "./tlv.ts";
export * from "./tags.ts";
export * from "./dol.ts";
export * from "./apdu.ts";
export * from "./tvr.ts";
export * from "./oda/rsa.ts";
export * from "./oda/recover.ts";
export * from "./oda/sign.ts";
export * from "./card/index.ts";
export * from "./kernel/index.ts";
