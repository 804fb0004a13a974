/** A personalised card: what is written into the chip before it leaves. JSON-serialisable. */
import { concat, fromAscii, fromHex, toHex } from "@tillway/bytes";
import { encodeTlv, encodeTlvs } from "../tlv.ts";
import { signIccCertificate } from "../oda/sign.ts";
import type { Certificate } from "../oda/sign.ts";
import { publicKeyOf } from "../oda/rsa.ts";
import type { RsaKey } from "../oda/rsa.ts";
import type { CardProfile, CardScheme } from "./profile.ts";

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
  /** Derived from the issuer's master keys for this PAN and sequence number. */
  readonly symmetric: CardKeys;
  /** Three bytes in hex: serial number of the card's certificate. */
  readonly serial: string;
};

export type CardKeys = { readonly ac: string; readonly smi: string; readonly smc: string };

/** Holds keys and a PIN in clear, as a chip does: keep it sealed wherever it rests. */
export type CardImage = {
  readonly profile: Omit<CardProfile, "account">;
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
  readonly keys: CardKeys & { readonly icc: RsaKey };
};

const AMOUNTS_AND_TERMINAL = "9F02069F03069F1A0295055F2A029A039C019F3704";
const DDOL = "9F3704";
const PIN_TRY_LIMIT = 3;
const KEY_INDEX = 1;

/** Data object lists as cards of each scheme have them. */
const LISTS: Record<CardScheme, { cdol1: string; cdol2: string }> = {
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

/**
 * A card from a profile and its keys. Its certificate lasts as long as its issuer's, so that an
 * expired card still proves itself and is refused for its date. `random` makes the keys of a card
 * whose profile says "wrong". Throws RangeError where keys do not fit.
 */
export function personalise(profile: CardProfile, keys: IssuerKeys, random: Random): CardImage {
  const { account: _, ...onCard } = profile;
  const lists = LISTS[profile.scheme];
  const external = profile.issuerAuthentication.way === "external-authenticate";
  // DDA, cardholder verification, terminal risk management, issuer authentication (Annex C1).
  const aip = external ? "3C00" : "3800";
  const signedRecord = record(signedData(profile, lists));
  const certificate = signIccCertificate(keys.issuer, publicHexOf(keys.icc), {
    expiry: keys.certificate.expiry,
    serial: keys.serial,
    pan: profile.pan,
    staticData: staticDataOf(signedRecord, aip),
  });
  const certificates = certificateRecords(keys, certificate);
  return {
    profile: onCard,
    fci: toHex(applicationFci(profile)),
    ...directory(profile),
    aip,
    afl: toHex(
      concat(
        located(TRACK_FILE, 1, 0),
        located(SIGNED_FILE, 1, 1),
        located(CERTIFICATE_FILE, certificates.length, 0),
      ),
    ),
    records: Object.fromEntries([
      [`${TRACK_FILE}.1`, toHex(record(trackData(profile)))],
      [`${SIGNED_FILE}.1`, toHex(signedRecord)],
      ...certificates.map((bytes, at) => [`${CERTIFICATE_FILE}.${at + 1}`, toHex(bytes)]),
    ]),
    pdol: profile.pdol,
    ...lists,
    ddol: DDOL,
    responseFormat: profile.scheme === "mastercard" ? 2 : 1,
    keyIndex: KEY_INDEX,
    pinTryLimit: PIN_TRY_LIMIT,
    keys: { ...cryptogramKeys(profile, keys, random), icc: keys.icc },
  };
}

/** One entry of tag 94 (Book 3 §10.2): a file's records from the first, some of them signed. */
function located(file: number, records: number, signed: number): Uint8Array {
  return Uint8Array.of(file << 3, 1, records, signed);
}

function cryptogramKeys(profile: CardProfile, keys: IssuerKeys, random: Random): CardKeys {
  if (profile.keys === "issuer") return keys.symmetric;
  return { ac: toHex(random(16)), smi: toHex(random(16)), smc: toHex(random(16)) };
}

function publicHexOf(key: RsaKey): { modulus: string; exponent: string } {
  const { modulus, exponent } = publicKeyOf(key);
  return { modulus: toHex(modulus), exponent: toHex(exponent) };
}

type Entry = readonly [string, Uint8Array];

function record(entries: readonly Entry[]): Uint8Array {
  const bytes = encodeTlv("70", encodeTlvs(entries));
  if (bytes.length > 254) throw new RangeError("a record has at most 254 bytes");
  return bytes;
}

/** What a terminal authenticates: the record's content, then the AIP (Book 3 §10.3). */
function staticDataOf(signedRecord: Uint8Array, aip: string): Uint8Array {
  const headerLength = signedRecord[1] === 0x81 ? 3 : 2;
  return concat(signedRecord.subarray(headerLength), fromHex(aip));
}

/** Tag 57 and the cardholder's name: not signed, as on real cards. */
function trackData(profile: CardProfile): Entry[] {
  const digits = `${profile.pan}D${profile.expiry.slice(0, 4)}${profile.serviceCode}`;
  // Discretionary data without card verification value: this card has none to keep.
  const filled = `${digits}00000000`;
  return [
    ["57", fromHex(filled.length % 2 === 0 ? filled : `${filled}F`)],
    ["5F20", fromAscii(profile.cardholder)],
  ];
}

function signedData(profile: CardProfile, lists: { cdol1: string; cdol2: string }): Entry[] {
  const { pan, actionCodes, offlineLimits } = profile;
  return [
    ["5F24", fromHex(profile.expiry)],
    ["5F25", fromHex(profile.effective)],
    ["5A", fromHex(pan.length % 2 === 0 ? pan : `${pan}F`)],
    ["5F34", fromHex(profile.psn)],
    ["5F30", fromHex(profile.serviceCode.padStart(4, "0"))],
    // Cash, goods, services, cashback, at home and abroad, at ATMs and elsewhere (Annex C2).
    ["9F07", fromHex("FFC0")],
    ["8E", cvmList(profile)],
    ["9F0D", fromHex(actionCodes.default)],
    ["9F0E", fromHex(actionCodes.denial)],
    ["9F0F", fromHex(actionCodes.online)],
    ["5F28", fromHex(profile.country.padStart(4, "0"))],
    ["9F42", fromHex(profile.currency.padStart(4, "0"))],
    ["9F08", fromHex(APPLICATION_VERSION[profile.scheme])],
    ["9F14", Uint8Array.of(offlineLimits.lower)],
    ["9F23", Uint8Array.of(offlineLimits.upper)],
    ["8C", fromHex(lists.cdol1)],
    ["8D", fromHex(lists.cdol2)],
    ["9F4A", fromHex("82")],
  ];
}

/** Tag 9F08, equal to what terminals of the scheme support. */
const APPLICATION_VERSION: Record<CardScheme, string> = {
  unionpay: "0020",
  visa: "0096",
  mastercard: "0002",
};

function cvmList(profile: CardProfile): Uint8Array {
  const { amountX, amountY, rules } = profile.cvm;
  const amounts = new DataView(new ArrayBuffer(8));
  amounts.setBigUint64(0, (BigInt(amountX) << 32n) | BigInt(amountY));
  return concat(new Uint8Array(amounts.buffer), fromHex(rules.join("")));
}

function certificateRecords(keys: IssuerKeys, icc: Certificate): Uint8Array[] {
  const issuer = keys.certificate;
  return [
    record([
      ["8F", fromHex(keys.caIndex)],
      ["9F32", fromHex(issuer.exponent)],
      ...present("92", issuer.remainder),
    ]),
    record([["90", fromHex(issuer.certificate)]]),
    record([["9F46", fromHex(icc.certificate)]]),
    record([
      ["9F47", fromHex(icc.exponent)],
      ...present("9F48", icc.remainder),
      ["9F49", fromHex(DDOL)],
    ]),
  ];
}

function present(tag: string, hex: string): Entry[] {
  return hex === "" ? [] : [[tag, fromHex(hex)]];
}

/** The application's file control information (Book 1 §11.3.4). */
function applicationFci(profile: CardProfile): Uint8Array {
  const proprietary: Entry[] = [
    ["50", fromAscii(profile.applicationLabel)],
    ["87", Uint8Array.of(1)],
    ...present("9F38", profile.pdol),
    ["5F2D", fromAscii(profile.scheme === "unionpay" ? "zhen" : "en")],
  ];
  return fileControl(fromHex(profile.aid), proprietary);
}

function fileControl(name: Uint8Array, proprietary: readonly Entry[]): Uint8Array {
  return encodeTlv(
    "6F",
    encodeTlvs([
      ["84", name],
      ["A5", encodeTlvs(proprietary)],
    ]),
  );
}

export const DIRECTORY_NAME = "1PAY.SYS.DDF01";

/** The payment system environment: one directory file, number 1 (Book 1 §12.2). */
function directory(profile: CardProfile): Pick<CardImage, "directoryFci" | "directoryRecords"> {
  if (!profile.directory) return { directoryFci: "", directoryRecords: [] };
  const entry = encodeTlvs([
    ["4F", fromHex(profile.aid)],
    ["50", fromAscii(profile.applicationLabel)],
    ["87", Uint8Array.of(1)],
  ]);
  const fci = fileControl(fromAscii(DIRECTORY_NAME), [["88", Uint8Array.of(1)]]);
  return { directoryFci: toHex(fci), directoryRecords: [toHex(record([["61", entry]]))] };
}
