/** The application cryptogram of a contactless answer, with the issuer application data. */
import { fromHex } from "@tillway/bytes";
import { applicationCryptogram, cryptogramScheme } from "@tillway/keys";
import { cryptogramData, makeIad } from "../../card/cryptogram.ts";
import type { CryptogramType } from "../../card/cryptogram.ts";
import { counterBytes } from "../../card/state.ts";
import type { ContactlessImage } from "./image.ts";
import type { TapCardState } from "./state.ts";

export type Values = ReadonlyMap<string, Uint8Array>;

export type MadeCryptogram = {
  readonly type: CryptogramType;
  readonly atc: Uint8Array;
  readonly value: Uint8Array;
  readonly iad: Uint8Array;
};

/** The cryptogram over what the terminal gave; undefined where it gave too little. */
export function makeCryptogram(
  image: ContactlessImage,
  state: TapCardState,
  values: Values,
  type: CryptogramType,
): MadeCryptogram | undefined {
  const version = image.profile.cryptogramVersion;
  const atc = counterBytes(state.chip.atc);
  const iad = makeIad(version, image.keyIndex, {
    first: type,
    issuerAuthentication: "none",
    pin: "none",
    pinTries: state.chip.pinTries,
    unableToGoOnline: false,
    lastOnlineNotCompleted: false,
    lastIssuerAuthenticationFailed: state.chip.lastIssuerAuthenticationFailed,
    limitExceeded: false,
    upperLimitExceeded: false,
    newCard: false,
    scripts: 0,
    scriptFailed: false,
    dynamicAuthentication: type === "TC",
  });
  const own = new Map([...values, ["82", fromHex(image.aip)], ["9F36", atc], ["9F10", iad]]);
  const data = cryptogramData(version, own);
  const number = values.get("9F37");
  if (data === undefined || number === undefined) return undefined;
  const scheme = cryptogramScheme(version, fromHex(image.keys.ac), atc, number);
  const value = applicationCryptogram(scheme.cryptogramKey, data, scheme.padding);
  return { type, atc, value, iad };
}

/**
 * Whether the card may approve by itself: a small amount in its own currency, and not too often
 * since it last heard its issuer, which it does at contacts only.
 */
export function mayApprove(image: ContactlessImage, state: TapCardState, values: Values): boolean {
  const { amount, transactions } = image.profile.offline;
  const { chip } = state;
  const hex = (tag: string): string =>
    Array.from(values.get(tag) ?? [], (byte) => byte.toString(16).padStart(2, "0")).join("");
  const asked = hex("9F02");
  if (!/^\d{12}$/.test(asked) || !hex("5F2A").endsWith(image.currency)) return false;
  return BigInt(asked) <= BigInt(amount) && chip.atc - chip.lastOnlineAtc <= transactions;
}
