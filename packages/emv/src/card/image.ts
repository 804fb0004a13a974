/** A personalised card: what is written into the chip before it leaves. JSON-serialisable. */
import { toHex } from "@tillway/bytes";
import type { CryptogramVersion } from "@tillway/keys";
import { signIccCertificate, signPinKeyCertificate, signStaticData } from "../oda/sign.ts";
import type { Certificate } from "../oda/sign.ts";
import { publicKeyOf } from "../oda/rsa.ts";
import type { RsaKey } from "../oda/rsa.ts";
import type { AuthenticationMethod } from "./profile-options.ts";
import type { CardProfile, CardScheme } from "./profile.ts";
import { certificateRecords, record, signedData, staticDataOf, trackData } from "./records.ts";
import type { Lists, Proofs } from "./records.ts";
import { applicationFci, directory, fileLocator, located } from "./selection-data.ts";
import type { AnyCryptogramVersion } from "./versions.ts";

/** Bytes from a cryptographic source, passed in. */
export type Random = (length: number) => Uint8Array;

/** What the issuer brings for one card. Keys of 16 bytes and RSA numbers in hex. */
export type IssuerKeys = {
  /** Tag 8F: the index of the authority's key that signed `certificate`. */
  readonly caIndex: string;
  readonly issuer: RsaKey;
  readonly certificate: Certificate;
  /** The card's own RSA key, not longer than the issuer's. */
  readonly icc: RsaKey;
  /** The card's RSA key for PINs, where its profile has one. */
  readonly pin?: RsaKey;
  /** Derived from the issuer's master keys for this PAN and sequence number. */
  readonly symmetric: CardKeys;
  /** Three bytes in hex: serial number of the card's certificate. */
  readonly serial: string;
  /** Keys of the profile's further applications, in their order. */
  readonly further?: readonly IssuerKeys[];
};

export type CardKeys = { readonly ac: string; readonly smi: string; readonly smc: string };

/** Holds keys and a PIN in clear, as a chip does: keep it sealed wherever it rests. */
export type CardImage<Version extends AnyCryptogramVersion = CryptogramVersion> = {
  readonly profile: Omit<CardProfile<Version>, "account" | "further">;
  /** Hex: the answer to SELECT of the application, and of the directory where there is one. */
  readonly fci: string;
  readonly directoryFci: string;
  readonly directoryRecords: readonly string[];
  readonly aip: string;
  readonly afl: string;
  /** Whole records by "file.number". */
  readonly records: Readonly<Record<string, string>>;
  readonly pdol: string;
  readonly cdol1: string;
  readonly cdol2: string;
  readonly ddol: string;
  /** 1: values in template 80; 2: data objects in template 77 (Book 3 §6.5.5.4). */
  readonly responseFormat: 1 | 2;
  readonly keyIndex: number;
  readonly pinTryLimit: number;
  readonly keys: CardKeys & { readonly icc: RsaKey; readonly pin?: RsaKey };
  /** Track 2 of its magnetic stripe, with the verification value; absent where it has none. */
  readonly stripe?: string;
  /** The card's other applications; they have no directory of their own. */
  readonly further?: readonly CardImage<Version>[];
};

/** A card of whatever version. */
export type AnyCardImage = CardImage<AnyCryptogramVersion>;

const AMOUNTS_AND_TERMINAL = "9F02069F03069F1A0295055F2A029A039C019F3704";
const DDOL = "9F3704";
const PIN_TRY_LIMIT = 3;
const KEY_INDEX = 1;

/** Data object lists as cards of each scheme have them. */
const LISTS: Record<CardScheme, Lists> = {
  unionpay: {
    cdol1: `${AMOUNTS_AND_TERMINAL}9F21039F4E14`,
    cdol2: `8A02${AMOUNTS_AND_TERMINAL}9F2103`,
  },
  visa: { cdol1: AMOUNTS_AND_TERMINAL, cdol2: `8A02${AMOUNTS_AND_TERMINAL}` },
  mastercard: { cdol1: `${AMOUNTS_AND_TERMINAL}9F35019F3403`, cdol2: "910A8A0295059F3704" },
};

/** Short file identifiers. */
const TRACK_FILE = 1;
const SIGNED_FILE = 2;
const CERTIFICATE_FILE = 3;
/** Tag 9F45 inside the static signature: proves which signature the terminal saw. */
const AUTHENTICATION_CODE = Uint8Array.of(0xda, 0xc0);

/**
 * A card from a profile and its keys. Its certificate lasts as long as its issuer's, so that an
 * expired card still proves itself and is refused for its date. `random` makes the keys of a card
 * whose profile says "wrong". Throws RangeError where keys do not fit or are missing.
 */
export function personalise<Version extends AnyCryptogramVersion>(
  profile: CardProfile<Version>,
  keys: IssuerKeys,
  random: Random,
): CardImage<Version> {
  const { further } = profile;
  const image = { ...application(profile, keys, random, 1), ...directory(profile) };
  if (further === undefined) return image;
  return {
    ...image,
    further: further.map((other, at) => {
      const own = keys.further?.[at];
      if (own === undefined) throw new RangeError("each application needs its keys");
      return application(other, own, random, at + 2);
    }),
  };
}

function application<Version extends AnyCryptogramVersion>(
  profile: CardProfile<Version>,
  keys: IssuerKeys,
  random: Random,
  priority: number,
): CardImage<Version> {
  const { account: _, further: _others, ...onCard } = profile;
  const lists = LISTS[profile.scheme];
  const aip = interchangeProfile(profile);
  const signed = record(signedData(profile, lists));
  const certificates = certificateRecords(proofsOf(profile, keys, signed, aip), DDOL);
  return {
    profile: onCard,
    fci: toHex(applicationFci(profile, priority)),
    directoryFci: "",
    directoryRecords: [],
    aip,
    afl: fileLocator(
      located(TRACK_FILE, 1, 0),
      located(SIGNED_FILE, 1, 1),
      located(CERTIFICATE_FILE, certificates.length, 0),
    ),
    records: Object.fromEntries([
      [`${TRACK_FILE}.1`, toHex(record(trackData(profile)))],
      [`${SIGNED_FILE}.1`, toHex(signed)],
      ...certificates.map((bytes, at) => [`${CERTIFICATE_FILE}.${at + 1}`, toHex(bytes)]),
    ]),
    pdol: profile.pdol,
    ...lists,
    ddol: DDOL,
    responseFormat: profile.scheme === "mastercard" ? 2 : 1,
    keyIndex: KEY_INDEX,
    pinTryLimit: profile.pinTryLimit ?? PIN_TRY_LIMIT,
    keys: {
      ...cryptogramKeys(profile, keys, random),
      icc: keys.icc,
      ...(keys.pin === undefined ? {} : { pin: keys.pin }),
    },
  };
}

/** Whether a profile offers this way of proving the card. */
function offers(
  { authentication = ["dda"] }: Pick<CardProfile, "authentication">,
  method: AuthenticationMethod,
): boolean {
  return authentication.includes(method);
}

/** Tag 82, two bytes in hex (Book 3 Annex C1). */
function interchangeProfile(profile: CardProfile<AnyCryptogramVersion>): string {
  const external = profile.issuerAuthentication.way === "external-authenticate";
  // Cardholder verification and terminal risk management always.
  const bits =
    (offers(profile, "sda") ? 0x40 : 0) |
    (offers(profile, "dda") ? 0x20 : 0) |
    0x18 |
    (external ? 0x04 : 0) |
    (offers(profile, "cda") ? 0x01 : 0);
  return toHex(Uint8Array.of(bits, 0));
}

function proofsOf(
  profile: CardProfile<AnyCryptogramVersion>,
  keys: IssuerKeys,
  signedRecord: Uint8Array,
  aip: string,
): Proofs {
  const { expiry } = keys.certificate;
  const staticData = staticDataOf(signedRecord, aip);
  const terms = { expiry, serial: keys.serial, pan: profile.pan };
  const signs = offers(profile, "dda") || offers(profile, "cda");
  const usesIcc = signs || profile.enciphersPin === "icc-key";
  return {
    caIndex: keys.caIndex,
    issuer: keys.certificate,
    staticSignature: offers(profile, "sda")
      ? signStaticData(keys.issuer, AUTHENTICATION_CODE, staticData)
      : undefined,
    icc: usesIcc
      ? signIccCertificate(keys.issuer, publicHexOf(keys.icc), { ...terms, staticData })
      : undefined,
    pin: pinCertificate(profile, keys, terms),
  };
}

function pinCertificate(
  profile: CardProfile<AnyCryptogramVersion>,
  keys: IssuerKeys,
  terms: { readonly expiry: string; readonly serial: string; readonly pan: string },
): Certificate | undefined {
  if (profile.enciphersPin !== "pin-key") return undefined;
  if (keys.pin === undefined) throw new RangeError("a key for PINs is missing");
  return signPinKeyCertificate(keys.issuer, publicHexOf(keys.pin), terms);
}

function cryptogramKeys(
  profile: Pick<CardProfile, "keys">,
  keys: IssuerKeys,
  random: Random,
): CardKeys {
  if (profile.keys === "issuer") return keys.symmetric;
  return { ac: toHex(random(16)), smi: toHex(random(16)), smc: toHex(random(16)) };
}

function publicHexOf(key: RsaKey): { modulus: string; exponent: string } {
  const { modulus, exponent } = publicKeyOf(key);
  return { modulus: toHex(modulus), exponent: toHex(exponent) };
}
