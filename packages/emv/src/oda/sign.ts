/**
 * The other side of offline data authentication: certificates and signed data as authority, issuer
 * and card make them (Book 2 §5.1, §6.1, §6.5.1). RSA numbers come in; nothing random is made here.
 */
import { createHash } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { concat, fromHex, toHex } from "@tillway/bytes";
import { caKeyChecksum } from "../kernel/configuration.ts";
import type { CaKey, KeySet } from "../kernel/configuration.ts";
import { sign } from "./rsa.ts";
import type { RsaKey } from "./rsa.ts";

/** Bytes of a certificate that are not key: header, fields, hash, trailer (Book 2 §5.1, §6.1). */
const ISSUER_OVERHEAD = 36;
const ICC_OVERHEAD = 42;
const HASH_SHA1 = 0x01;
const KEY_RSA = 0x01;

/** Tags 90, 92, 9F32 or 9F46, 9F48, 9F47 in hex; `remainder` is "" where the key fitted inside. */
export type Certificate = {
  readonly certificate: string;
  readonly remainder: string;
  readonly exponent: string;
  /** MMYY. */
  readonly expiry: string;
};

/** What a signer says about a key. `expiry` is MMYY, `serial` three bytes in hex. */
export type CertificateTerms = { readonly expiry: string; readonly serial: string };

/** The public key of a certification authority as terminals hold it; `expiry` is YYYYMMDD. */
export function makeCaKey(input: {
  readonly rid: string;
  readonly index: string;
  readonly key: Pick<RsaKey, "modulus" | "exponent">;
  readonly label: KeySet;
  readonly expiry: string;
}): CaKey {
  const { rid, index, label, expiry } = input;
  const { modulus, exponent } = input.key;
  const checksum = caKeyChecksum({ rid, index, modulus, exponent });
  return { rid, index, modulus, exponent, checksum, label, expiry };
}

/** Tag 90 with its remainder. `identity` is the first 3 to 8 digits of the issuer's PANs. */
export function signIssuerCertificate(
  caKey: RsaKey,
  issuerKey: Pick<RsaKey, "modulus" | "exponent">,
  terms: CertificateTerms & { readonly identity: string },
): Certificate {
  const identity = fromHex(terms.identity.padEnd(8, "F"));
  if (identity.length !== 4) throw new RangeError("an issuer identifier has 3 to 8 digits");
  return certify(caKey, issuerKey, terms, {
    format: 0x02,
    identity,
    overhead: ISSUER_OVERHEAD,
    covered: new Uint8Array(0),
  });
}

/** Tag 9F46 with its remainder; `staticData` is what the terminal will authenticate with it. */
export function signIccCertificate(
  issuerKey: RsaKey,
  iccKey: Pick<RsaKey, "modulus" | "exponent">,
  terms: CertificateTerms & { readonly pan: string; readonly staticData: Uint8Array },
): Certificate {
  return certify(issuerKey, iccKey, terms, {
    format: 0x04,
    identity: fromHex(terms.pan.padEnd(20, "F")),
    overhead: ICC_OVERHEAD,
    covered: terms.staticData,
  });
}

function certify(
  signer: RsaKey,
  subject: Pick<RsaKey, "modulus" | "exponent">,
  terms: CertificateTerms,
  shape: { format: number; identity: Uint8Array; overhead: number; covered: Uint8Array },
): Certificate {
  const modulus = fromHex(subject.modulus);
  const exponent = fromHex(subject.exponent);
  const room = signer.modulus.length / 2 - shape.overhead;
  if (modulus.length > signer.modulus.length / 2) {
    throw new RangeError("a certified key is not longer than the key that signs it");
  }
  const inside = new Uint8Array(room).fill(0xbb);
  inside.set(modulus.subarray(0, room));
  const remainder = modulus.slice(room);
  const content = concat(
    Uint8Array.of(shape.format),
    shape.identity,
    fromHex(terms.expiry),
    fromHex(terms.serial),
    Uint8Array.of(HASH_SHA1, KEY_RSA, modulus.length, exponent.length),
    inside,
  );
  const signed = seal(signer, content, concat(remainder, exponent, shape.covered));
  return {
    certificate: toHex(signed),
    remainder: toHex(remainder),
    exponent: toHex(exponent),
    expiry: terms.expiry,
  };
}

/** Tag 9F2D with its remainder: the key under which terminals encipher PINs (Book 2 §7.1). */
export function signPinKeyCertificate(
  issuerKey: RsaKey,
  pinKey: Pick<RsaKey, "modulus" | "exponent">,
  terms: CertificateTerms & { readonly pan: string },
): Certificate {
  return signIccCertificate(issuerKey, pinKey, { ...terms, staticData: new Uint8Array(0) });
}

/** Signed static application data, tag 93 (Book 2 §5.1), with a data authentication code (9F45). */
export function signStaticData(
  issuerKey: RsaKey,
  dataAuthenticationCode: Uint8Array,
  staticData: Uint8Array,
): Uint8Array {
  const content = new Uint8Array(issuerKey.modulus.length / 2 - 22).fill(0xbb);
  content.set(Uint8Array.of(0x03, HASH_SHA1));
  content.set(dataAuthenticationCode, 2);
  return seal(issuerKey, content, staticData);
}

/** What a combined signature is made over (Book 2 §6.6.1). */
export type CombinedInput = {
  readonly iccDynamicNumber: Uint8Array;
  readonly cid: number;
  readonly cryptogram: Uint8Array;
  /** From `transactionDataHash`. */
  readonly transactionDataHash: Uint8Array;
  readonly unpredictableNumber: Uint8Array;
};

/** Signed dynamic application data, tag 9F4B, of a GENERATE AC answer (Book 2 §6.6.1). */
export function signCombinedData(iccKey: RsaKey, input: CombinedInput): Uint8Array {
  const { iccDynamicNumber, cid, cryptogram, transactionDataHash } = input;
  const dynamic = concat(
    Uint8Array.of(iccDynamicNumber.length),
    iccDynamicNumber,
    Uint8Array.of(cid),
    cryptogram,
    transactionDataHash,
  );
  return sealDynamic(iccKey, dynamic, input.unpredictableNumber);
}

/** Signed dynamic application data, tag 9F4B (Book 2 §6.5.1), over the data of the DDOL. */
export function signDynamicData(
  iccKey: RsaKey,
  iccDynamicNumber: Uint8Array,
  ddolData: Uint8Array,
): Uint8Array {
  const dynamic = concat(Uint8Array.of(iccDynamicNumber.length), iccDynamicNumber);
  return sealDynamic(iccKey, dynamic, ddolData);
}

function sealDynamic(iccKey: RsaKey, dynamic: Uint8Array, covered: Uint8Array): Uint8Array {
  const content = new Uint8Array(iccKey.modulus.length / 2 - 22).fill(0xbb);
  content.set(Uint8Array.of(0x05, HASH_SHA1, dynamic.length));
  content.set(dynamic, 3);
  return seal(iccKey, content, covered);
}

/** 6A, content, SHA-1 over content and what it covers, BC: signed (Book 2 Annex A2.1.1). */
function seal(signer: RsaKey, content: Uint8Array, covered: Uint8Array): Uint8Array {
  const hash = createHash("sha1").update(concat(content, covered)).digest();
  return sign(signer, concat(Uint8Array.of(0x6a), content, hash, Uint8Array.of(0xbc)));
}

/** The numbers of an RSA private key that the caller generated. Throws on another kind of key. */
export function rsaKeyOf(privateKey: KeyObject): RsaKey {
  const { n, e, d, p, q, dp, dq, qi } = privateKey.export({ format: "jwk" });
  if (n === undefined || e === undefined || d === undefined) {
    throw new RangeError("not an RSA private key");
  }
  const modulus = fromBase64(n);
  const privateExponent = fromBase64(d).padStart(modulus.length, "0");
  const key = { modulus, exponent: fromBase64(e), privateExponent };
  if (!p || !q || !dp || !dq || !qi) return key;
  const primes = {
    p: fromBase64(p),
    q: fromBase64(q),
    dp: fromBase64(dp),
    dq: fromBase64(dq),
    qi: fromBase64(qi),
  };
  return { ...key, primes };
}

function fromBase64(text: string): string {
  return toHex(new Uint8Array(Buffer.from(text, "base64url")));
}
