/** A personalised contactless face: what is written into the chip beside its contact application. */
import { fromAscii, fromHex, toHex } from "@tillway/bytes";
import type { CardKeys, IssuerKeys } from "../../card/image.ts";
import type { AnyCardProfile } from "../../card/profile.ts";
import {
  certificateRecords,
  present,
  record,
  signedData,
  staticDataOf,
} from "../../card/records.ts";
import type { Entry } from "../../card/records.ts";
import { fileLocator, located } from "../../card/selection-data.ts";
import { signIccCertificate } from "../../oda/sign.ts";
import type { RsaKey } from "../../oda/rsa.ts";
import { encodeTlv, encodeTlvs } from "../../tlv.ts";
import type { ContactlessProfile } from "./profile.ts";

/** Keys of the contact card; `cvc3` (16 bytes in hex) where the face has magnetic-stripe mode. */
export type ContactlessKeys = IssuerKeys & { readonly cvc3?: string };

/** Holds keys in clear, as a chip does: keep it sealed wherever it rests. JSON-serialisable. */
export type ContactlessImage = {
  readonly profile: ContactlessProfile;
  /** Hex: answers to SELECT. */
  readonly directoryFci: string;
  readonly fci: string;
  readonly aip: string;
  readonly afl: string;
  /** Whole records by "file.number". */
  readonly records: Readonly<Record<string, string>>;
  /** Tags 57 or 9F6B, 5F34; currency of the application, three digits. */
  readonly track2: string;
  readonly psn: string;
  readonly currency: string;
  readonly cdol1: string;
  readonly udol: string;
  readonly keyIndex: number;
  readonly keys: Pick<CardKeys, "ac"> & { readonly icc: RsaKey; readonly cvc3?: string };
};

export const PROXIMITY_DIRECTORY = "2PAY.SYS.DDF01";
const KEY_INDEX = 1;
const DDOL = "9F3704";
const CDOL1 = "9F02069F03069F1A0295055F2A029A039C019F37049F35019F45029F4C089F3403";
const CDOL2 = "910A8A0295059F37049F4C08";
const UDOL = "9F6A04";

/** Short file identifiers. Readers look in file 1 for magnetic-stripe data, and only in that mode. */
const STRIPE_FILE = 1;
const SIGNED_FILE = 2;
const CERTIFICATE_FILE = 3;
const TRACK_FILE = 4;

/**
 * Maps of the dynamic track (C-2 §6.14): three digits of the value in places 2 to 4 from the right,
 * three of the number in 5 to 7, three of the counter in 10 to 12.
 */
const STRIPE_MAPS: readonly Entry[] = [
  ["9F65", fromHex("000E")],
  ["9F66", fromHex("0E70")],
  ["9F67", fromHex("03")],
];

/**
 * The contactless face of a card from its profile, the card's own profile and its keys. Throws
 * RangeError where keys do not fit or are missing.
 */
export function personaliseContactless(
  profile: ContactlessProfile,
  base: AnyCardProfile,
  keys: ContactlessKeys,
): ContactlessImage {
  if (profile.magstripe && keys.cvc3 === undefined) throw new RangeError("a CVC3 key is missing");
  const aip = interchangeProfile(profile);
  const files = profile.magstripe ? stripeFiles(base) : signedFiles(profile, base, keys, aip);
  return {
    profile,
    directoryFci: toHex(directory(profile)),
    fci: toHex(
      fileControl(fromHex(profile.aid), [
        ["50", fromAscii(profile.applicationLabel)],
        ["87", Uint8Array.of(1)],
        ...present("9F38", profile.pdol),
        ["5F2D", fromAscii(base.scheme === "unionpay" ? "zhen" : "en")],
      ]),
    ),
    aip,
    ...files,
    track2: toHex(trackOf(base, profile.magstripe)),
    psn: base.psn,
    currency: base.currency,
    cdol1: CDOL1,
    udol: UDOL,
    keyIndex: KEY_INDEX,
    keys: {
      ac: keys.symmetric.ac,
      icc: keys.icc,
      ...(keys.cvc3 === undefined ? {} : { cvc3: keys.cvc3 }),
    },
  };
}

/** Tag 82 (Book 3 Annex C1 and C-2 A.1.16). */
function interchangeProfile({ kernel, magstripe, onDevice, offline }: ContactlessProfile): string {
  const phone = onDevice ? 0x02 : 0;
  if (kernel !== 2) return toHex(Uint8Array.of(offline.transactions > 0 ? 0x20 : 0, 0));
  // Cardholder verification, risk management, combined authentication; EMV mode in byte 2.
  return toHex(magstripe ? Uint8Array.of(phone, 0) : Uint8Array.of(0x19 | phone, 0x80));
}

/** PAN, expiry, service code and zeros; for the dynamic track as long as tracks can be. */
function trackOf(base: AnyCardProfile, full: boolean): Uint8Array {
  const digits = `${base.pan}D${base.expiry.slice(0, 4)}${base.serviceCode}`;
  const filled = full ? digits.padEnd(37, "0") : `${digits}00000000`;
  return fromHex(filled.length % 2 === 0 ? filled : `${filled}F`);
}

type Files = Pick<ContactlessImage, "afl" | "records">;

function stripeFiles(base: AnyCardProfile): Files {
  const bytes = record([["9F6B", trackOf(base, true)], ...STRIPE_MAPS, ["9F69", fromHex(UDOL)]]);
  return {
    afl: fileLocator(located(STRIPE_FILE, 1, 0)),
    records: { [`${STRIPE_FILE}.1`]: toHex(bytes) },
  };
}

function signedFiles(
  profile: ContactlessProfile,
  base: AnyCardProfile,
  keys: IssuerKeys,
  aip: string,
): Files {
  const signed = record(
    profile.kernel === 2 ? signedData(base, { cdol1: CDOL1, cdol2: CDOL2 }) : identityData(base),
  );
  const { modulus, exponent } = keys.icc;
  const icc = signIccCertificate(
    keys.issuer,
    { modulus, exponent },
    {
      expiry: keys.certificate.expiry,
      serial: keys.serial,
      pan: base.pan,
      staticData: staticDataOf(signed, aip),
    },
  );
  const certificates = certificateRecords(
    {
      caIndex: keys.caIndex,
      issuer: keys.certificate,
      staticSignature: undefined,
      icc,
      pin: undefined,
    },
    DDOL,
  );
  // Kernels 3 and 7 have the track in the answer to GET PROCESSING OPTIONS.
  const track = profile.kernel === 2 ? [record([["57", trackOf(base, false)]])] : [];
  return {
    afl: fileLocator(
      located(SIGNED_FILE, 1, 1),
      located(CERTIFICATE_FILE, certificates.length, 0),
      ...track.map(() => located(TRACK_FILE, 1, 0)),
    ),
    records: Object.fromEntries([
      ...track.map((bytes) => [`${TRACK_FILE}.1`, toHex(bytes)]),
      [`${SIGNED_FILE}.1`, toHex(signed)],
      ...certificates.map((bytes, at) => [`${CERTIFICATE_FILE}.${at + 1}`, toHex(bytes)]),
    ]),
  };
}

/** What kernels 3 and 7 check of a card that approves by itself. */
function identityData(base: AnyCardProfile): Entry[] {
  return [
    ["5A", fromHex(base.pan.length % 2 === 0 ? base.pan : `${base.pan}F`)],
    ["5F24", fromHex(base.expiry)],
    ["5F28", fromHex(base.country.padStart(4, "0"))],
    ["9F07", fromHex(base.usage ?? "FFC0")],
    ["9F4A", fromHex("82")],
  ];
}

/** The proximity payment environment: its one entry, with the kernel it is for (Book B §3.3.1). */
function directory(profile: ContactlessProfile): Uint8Array {
  const entry = encodeTlvs([
    ["4F", fromHex(profile.aid)],
    ["50", fromAscii(profile.applicationLabel)],
    ["87", Uint8Array.of(1)],
    ...present("9F2A", profile.kernelIdentifier),
  ]);
  return fileControl(fromAscii(PROXIMITY_DIRECTORY), [["BF0C", encodeTlv("61", entry)]]);
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
