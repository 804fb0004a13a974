/**
 * Offline data authentication seen from the terminal (Book 2 §5 and §6): keys and signed data are
 * recovered and every check is made. Results are values; nothing here throws on card data.
 */
import { createHash } from "node:crypto";
import { concat, equal, toHex } from "@tillway/bytes";
import { parseTlv, TlvError } from "../tlv.ts";
import { recover } from "./rsa.ts";
import type { RsaPublicKey } from "./rsa.ts";

export type OdaFault =
  | "signature" // length, exponent or header, format and trailer bytes are wrong
  | "algorithm" // hash or public key algorithm unknown
  | "key-length" // the remainder does not complete the key
  | "hash"
  | "identity" // issuer identifier or PAN is not the card's
  | "expired"
  | "revoked"
  | "records"; // records or tag list do not give static data to authenticate

export type OdaResult<T> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly fault: OdaFault };

/** `expiry` is MMYY, `serial` and `identity` (issuer identifier or PAN) are hex digits. */
export type CertifiedKey = {
  readonly key: RsaPublicKey;
  readonly identity: string;
  readonly expiry: string;
  readonly serial: string;
};

/** `remainder` is tag 92 or 9F48 and may be absent, `exponent` tag 9F32 or 9F47. */
export type CertificateInput = {
  readonly certificate: Uint8Array;
  readonly remainder?: Uint8Array | undefined;
  readonly exponent: Uint8Array;
};

const fail = (fault: OdaFault): { readonly ok: false; readonly fault: OdaFault } => ({
  ok: false,
  fault,
});

const sha1 = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha1")
      .update(concat(...parts))
      .digest(),
  );

const NOTHING = new Uint8Array(0);

/** The content between header and hash, and the hash, of recovered data (Book 2 Annex A2.1.2). */
function open(
  key: RsaPublicKey,
  signature: Uint8Array,
  format: number,
): { readonly content: Uint8Array; readonly hash: Uint8Array } | undefined {
  const recovered = recover(key, signature);
  if (recovered === undefined || recovered.length < 42) return undefined;
  if (recovered[0] !== 0x6a || recovered[1] !== format || recovered.at(-1) !== 0xbc) {
    return undefined;
  }
  return { content: recovered.slice(1, -21), hash: recovered.slice(-21, -1) };
}

type OpenedCertificate = CertifiedKey & { readonly hash: Uint8Array; readonly signed: Uint8Array };

/**
 * A certificate taken apart, its hash not yet compared (Book 2 tables 6 and 14). `signed` is what
 * the hash covers, static data apart. Identity: 4 bytes in an issuer's certificate, 10 in a card's.
 */
export function openCertificate(
  signer: RsaPublicKey,
  input: CertificateInput,
  kind: "issuer" | "icc",
): OdaResult<OpenedCertificate> {
  const opened = open(signer, input.certificate, kind === "issuer" ? 0x02 : 0x04);
  if (opened === undefined) return fail("signature");
  const { content } = opened;
  const identityEnd = kind === "issuer" ? 5 : 11;
  const field = (from: number, to: number): Uint8Array =>
    content.subarray(identityEnd + from, identityEnd + to);
  const [hashAlgorithm, keyAlgorithm, keyLength] = field(5, 8);
  if (hashAlgorithm !== 0x01 || keyAlgorithm !== 0x01) return fail("algorithm");
  const inside = content.subarray(identityEnd + 9);
  const remainder = input.remainder ?? NOTHING;
  const modulus = concat(inside, remainder).slice(0, keyLength);
  const fills = keyLength !== undefined && keyLength - inside.length === remainder.length;
  const padded = keyLength !== undefined && keyLength <= inside.length && remainder.length === 0;
  if (!fills && !padded) return fail("key-length");
  return {
    ok: true,
    key: { modulus, exponent: input.exponent },
    identity: toHex(content.subarray(1, identityEnd)),
    expiry: toHex(field(0, 2)),
    serial: toHex(field(2, 5)),
    hash: opened.hash,
    signed: concat(content, remainder, input.exponent),
  };
}

/** Whether the last day of MMYY lies before YYMMDD; years 50 to 99 are the last century's. */
function isExpired(expiry: string, date: string): boolean {
  if (!/^(0[1-9]|1[0-2])\d\d$/.test(expiry)) return true;
  const last = fullYear(expiry.slice(2)) + expiry.slice(0, 2);
  return last < fullYear(date.slice(0, 2)) + date.slice(2, 4);
}

function fullYear(year: string): string {
  return (year >= "50" ? "19" : "20") + year;
}

/**
 * The issuer's public key (Book 2 §5.3, §6.3). `pan` is digits, `date` YYMMDD as in tag 9A;
 * `revoked` holds serial numbers revoked under this CA key (three bytes in hex).
 */
export function recoverIssuerKey(
  input: CertificateInput & {
    readonly caKey: RsaPublicKey;
    readonly pan: string;
    readonly date: string;
    readonly revoked?: ReadonlySet<string> | undefined;
  },
): OdaResult<CertifiedKey> {
  const opened = openCertificate(input.caKey, input, "issuer");
  if (!opened.ok) return opened;
  if (!equal(sha1(opened.signed), opened.hash)) return fail("hash");
  const digits = /^(\d{3,8})F*$/.exec(opened.identity)?.[1];
  if (digits === undefined || !input.pan.startsWith(digits)) return fail("identity");
  if (isExpired(opened.expiry, input.date)) return fail("expired");
  if (input.revoked?.has(opened.serial) === true) return fail("revoked");
  return certified(opened);
}

/** The card's public key (Book 2 §6.4); `staticData` from `staticDataToAuthenticate`. */
export function recoverIccKey(
  input: CertificateInput & {
    readonly issuerKey: RsaPublicKey;
    readonly staticData: Uint8Array;
    readonly pan: string;
    readonly date: string;
  },
): OdaResult<CertifiedKey> {
  const opened = openCertificate(input.issuerKey, input, "icc");
  if (!opened.ok) return opened;
  if (!equal(sha1(opened.signed, input.staticData), opened.hash)) return fail("hash");
  if (opened.identity.replace(/F+$/, "") !== input.pan) return fail("identity");
  if (isExpired(opened.expiry, input.date)) return fail("expired");
  return certified(opened);
}

function certified(opened: CertifiedKey): OdaResult<CertifiedKey> {
  const { key, identity, expiry, serial } = opened;
  return { ok: true, key, identity, expiry, serial };
}

/** Signed static application data, tag 93 (Book 2 §5.4): the data authentication code, tag 9F45. */
export function verifySda(input: {
  readonly issuerKey: RsaPublicKey;
  readonly signature: Uint8Array;
  readonly staticData: Uint8Array;
}): OdaResult<{ readonly dataAuthenticationCode: Uint8Array; readonly hash: Uint8Array }> {
  const opened = openStatic(input.issuerKey, input.signature);
  if (!opened.ok) return opened;
  const { content, dataAuthenticationCode, hash } = opened;
  if (!equal(sha1(content, input.staticData), hash)) return fail("hash");
  return { ok: true, dataAuthenticationCode, hash };
}

/** What tag 93 holds, its form checked but not its hash, which needs the card's static data. */
export function openStatic(
  issuerKey: RsaPublicKey,
  signature: Uint8Array,
): OdaResult<{
  readonly content: Uint8Array;
  readonly dataAuthenticationCode: Uint8Array;
  readonly hash: Uint8Array;
}> {
  const opened = open(issuerKey, signature, 0x03);
  if (opened === undefined) return fail("signature");
  if (opened.content[1] !== 0x01) return fail("algorithm");
  return { ok: true, dataAuthenticationCode: opened.content.slice(2, 4), ...opened };
}

type DynamicInput = {
  readonly iccKey: RsaPublicKey;
  /** Tag 9F4B. */
  readonly signature: Uint8Array;
};

/** The ICC dynamic data of tag 9F4B (Book 2 §6.5.2 and §6.6.2), the hash over `covered` too. */
function openDynamic(
  input: DynamicInput,
  covered: Uint8Array,
): OdaResult<{ data: Uint8Array; hash: Uint8Array }> {
  const opened = open(input.iccKey, input.signature, 0x05);
  if (opened === undefined) return fail("signature");
  const { content } = opened;
  if (content[1] !== 0x01) return fail("algorithm");
  if (!equal(sha1(content, covered), opened.hash)) return fail("hash");
  const length = content[2] ?? 0;
  if (length + 3 > content.length) return fail("signature");
  return { ok: true, data: content.slice(3, 3 + length), hash: opened.hash };
}

/**
 * Dynamic data authentication (Book 2 §6.5.2). `ddolData` is the data of INTERNAL AUTHENTICATE;
 * the result is tag 9F4C, 2 to 8 bytes.
 */
export function verifyDda(
  input: DynamicInput & { readonly ddolData: Uint8Array },
): OdaResult<{ readonly iccDynamicNumber: Uint8Array; readonly hash: Uint8Array }> {
  const opened = openDynamic(input, input.ddolData);
  if (!opened.ok) return opened;
  const length = opened.data[0] ?? 0;
  if (length < 2 || length > 8 || length + 1 > opened.data.length) return fail("signature");
  return { ok: true, iccDynamicNumber: opened.data.slice(1, 1 + length), hash: opened.hash };
}

/** What a combined signature tells (Book 2 §6.6.2): the caller compares the transaction hash. */
export type CombinedData = {
  readonly iccDynamicNumber: Uint8Array;
  readonly cid: number;
  readonly cryptogram: Uint8Array;
  readonly transactionDataHash: Uint8Array;
};

/** Combined dynamic data authentication: the signature of a GENERATE AC answer. */
export function verifyCda(
  input: DynamicInput & { readonly unpredictableNumber: Uint8Array },
): OdaResult<CombinedData> {
  const opened = openDynamic(input, input.unpredictableNumber);
  if (!opened.ok) return opened;
  const length = opened.data[0] ?? 0;
  const rest = opened.data.subarray(1 + length);
  const cid = rest[0];
  if (length < 2 || length > 8 || rest.length < 29 || cid === undefined) return fail("signature");
  return {
    ok: true,
    iccDynamicNumber: opened.data.slice(1, 1 + length),
    cid,
    cryptogram: rest.slice(1, 9),
    transactionDataHash: rest.slice(9, 29),
  };
}

/** A record as the card answered it (status word apart) and the file it came from. */
export type SignedRecord = { readonly sfi: number; readonly data: Uint8Array };

/**
 * The static data to authenticate (Book 3 §10.3, Book 2 §5.4): the records the AFL marks, in its
 * order (of files 1 to 10 without template 70's tag and length), then the AIP where tag 9F4A lists
 * it. Anything but tag 82 in the list, or a record that is no template 70, is the fault "records".
 */
export function staticDataToAuthenticate(input: {
  readonly records: readonly SignedRecord[];
  readonly tagList?: Uint8Array | undefined;
  readonly aip: Uint8Array;
}): OdaResult<{ readonly data: Uint8Array }> {
  const parts: Uint8Array[] = [];
  for (const record of input.records) {
    const content = recordContent(record.data);
    if (content === undefined) return fail("records");
    parts.push(record.sfi <= 10 ? content : record.data);
  }
  if (input.tagList !== undefined) {
    if (input.tagList.length !== 1 || input.tagList[0] !== 0x82) return fail("records");
    parts.push(input.aip);
  }
  return { ok: true, data: concat(...parts) };
}

function recordContent(record: Uint8Array): Uint8Array | undefined {
  try {
    const [node, ...rest] = parseTlv(record);
    return node?.tag === "70" && rest.length === 0 ? node.value : undefined;
  } catch (cause) {
    if (cause instanceof TlvError) return undefined;
    throw cause;
  }
}
