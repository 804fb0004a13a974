/** Vectors of certificates and signatures (Book 2 §5, §6), and of certification authorities' keys. */
import { fromHex, toHex } from "@tillway/bytes";
import { caKeyChecksum } from "../kernel/configuration.ts";
import { publishedCaKeys } from "../oda/ca-keys.ts";
import {
  openCertificate,
  openStatic,
  recoverIssuerKey,
  verifyCda,
  verifyDda,
  verifySda,
} from "../oda/recover.ts";
import type { RsaPublicKey } from "../oda/rsa.ts";

type Inputs = Readonly<Record<string, unknown>>;

/** What a vector comes to: values by name, a refusal, or an input that cannot be read. */
export type Computed =
  | { readonly is: "values"; readonly values: Readonly<Record<string, string>> }
  | { readonly is: "refused"; readonly why: string }
  | { readonly is: "unreadable"; readonly why: string };

const refused = (why: string): Computed => ({ is: "refused", why });
const values = (given: Readonly<Record<string, string>>): Computed => ({
  is: "values",
  values: given,
});

/** Bytes of an input, undefined where it is absent or no hex. */
function bytes(inputs: Inputs, ...names: readonly string[]): Uint8Array | undefined {
  for (const name of names) {
    const value = inputs[name];
    if (typeof value === "string" && /^([0-9A-F]{2})*$/i.test(value)) return fromHex(value);
  }
  return undefined;
}

function text(inputs: Inputs, name: string): string {
  const value = inputs[name];
  return typeof value === "string" ? value : "";
}

function keyIn(inputs: Inputs, name: string): RsaPublicKey | undefined {
  const modulus = bytes(inputs, `${name}Modulus`);
  const standard = Uint8Array.of(0x03);
  const exponent = bytes(inputs, `${name}Exponent`) ?? standard;
  return modulus === undefined ? undefined : { modulus, exponent };
}

/** SHA-1 of a CA key. */
export function computeCaKey(inputs: Inputs): Computed {
  const [rid, index, modulus, exponent] = ["rid", "index", "modulus", "exponent"].map((name) =>
    bytes(inputs, name),
  );
  if (!rid || !index || !modulus || !exponent) {
    return { is: "unreadable", why: "rid, index, modulus and exponent in hex" };
  }
  const key = { rid: toHex(rid), index: toHex(index), modulus: toHex(modulus) };
  return values({ sha1: caKeyChecksum({ ...key, exponent: toHex(exponent) }) });
}

/** A certificate or signature; what it is follows from the inputs that are there. */
export function computeAuthentication(inputs: Inputs): Computed {
  if (bytes(inputs, "tag90") !== undefined) return issuerCertificate(inputs);
  const certified = bytes(inputs, "tag9F46") === undefined ? undefined : iccCertificate(inputs);
  const signature = bytes(inputs, "tag9F4B");
  if (certified !== undefined && (certified.is !== "values" || signature === undefined)) {
    return certified;
  }
  const own = certified?.is === "values" ? certified.values : {};
  if (signature !== undefined) return dynamicSignature(inputs, signature, own);
  if (bytes(inputs, "tag93") !== undefined) return staticSignature(inputs);
  return { is: "unreadable", why: "none of tag90, tag9F46, tag9F4B and tag93 is there" };
}

/** Keys of the authority: given whole, or by RID and index among the published ones. */
function authorities(inputs: Inputs): readonly RsaPublicKey[] {
  const given = inputs["capk"];
  const named: Inputs = typeof given === "object" && given !== null ? { ...given } : inputs;
  const modulus = bytes(named, "modulus", "caModulus");
  if (modulus !== undefined) {
    return [{ modulus, exponent: bytes(named, "exponent", "caExponent") ?? Uint8Array.of(0x03) }];
  }
  return publishedCaKeys()
    .filter(({ rid, index }) => rid === text(named, "rid") && index === text(named, "index"))
    .map((key) => ({ modulus: fromHex(key.modulus), exponent: fromHex(key.exponent) }));
}

/** The date only keeps expired certificates out: any day before this one's end serves. */
const ANY_DATE = "000101";

function issuerCertificate(inputs: Inputs): Computed {
  const certificate = bytes(inputs, "tag90") ?? new Uint8Array(0);
  const exponent = bytes(inputs, "tag9F32") ?? Uint8Array.of(0x03);
  const candidates = authorities(inputs);
  if (candidates.length === 0) return { is: "unreadable", why: "capk: a published key" };
  const date = bytes(inputs, "date") === undefined ? ANY_DATE : text(inputs, "date");
  const remainder = bytes(inputs, "tag92");
  const results = candidates.map((caKey) => {
    const pan = text(inputs, "pan").replace(/F+$/i, "");
    return recoverIssuerKey({ caKey, certificate, exponent, remainder, pan, date });
  });
  const found = results.find((result) => result.ok) ?? results[0];
  if (found?.ok !== true) return refused(found?.fault ?? "signature");
  return values({
    issuerModulus: toHex(found.key.modulus),
    issuerExponent: toHex(found.key.exponent),
    issuerIdentifier: found.identity,
    expiryMMYY: found.expiry,
    serial: found.serial,
  });
}

function iccCertificate(inputs: Inputs): Computed {
  const issuerKey = keyIn(inputs, "issuer");
  const certificate = bytes(inputs, "tag9F46");
  const exponent = bytes(inputs, "tag9F47") ?? Uint8Array.of(0x03);
  if (issuerKey === undefined || certificate === undefined) {
    return { is: "unreadable", why: "issuerModulus in hex" };
  }
  const remainder = bytes(inputs, "tag9F48");
  const opened = openCertificate(issuerKey, { certificate, exponent, remainder }, "icc");
  if (!opened.ok) return refused(opened.fault);
  const pan = text(inputs, "pan").replace(/F+$/i, "");
  if (pan !== "" && opened.identity.replace(/F+$/, "") !== pan) return refused("identity");
  return values({
    iccModulus: toHex(opened.key.modulus),
    iccExponent: toHex(opened.key.exponent),
    pan: opened.identity.replace(/F+$/, ""),
    expiryMMYY: opened.expiry,
    serial: opened.serial,
    staticDataHash: toHex(opened.hash),
  });
}

function dynamicSignature(
  inputs: Inputs,
  signature: Uint8Array,
  own: Readonly<Record<string, string>>,
): Computed {
  const iccKey = keyIn({ ...inputs, ...own }, "icc");
  if (iccKey === undefined) return { is: "unreadable", why: "iccModulus in hex" };
  const ddolData = bytes(inputs, "ddolData");
  if (ddolData !== undefined) {
    const dda = verifyDda({ iccKey, signature, ddolData });
    if (!dda.ok) return refused(dda.fault);
    const { iccDynamicNumber, hash } = dda;
    return values({ ...own, iccDynamicNumber: toHex(iccDynamicNumber), hash: toHex(hash) });
  }
  const unpredictableNumber = bytes(inputs, "unpredictableNumber");
  if (unpredictableNumber === undefined) {
    return { is: "unreadable", why: "ddolData or unpredictableNumber in hex" };
  }
  const cda = verifyCda({ iccKey, signature, unpredictableNumber });
  if (!cda.ok) return refused(cda.fault);
  return values({
    ...own,
    iccDynamicNumber: toHex(cda.iccDynamicNumber),
    cid: toHex(Uint8Array.of(cda.cid)),
    applicationCryptogram: toHex(cda.cryptogram),
    transactionDataHash: toHex(cda.transactionDataHash),
  });
}

function staticSignature(inputs: Inputs): Computed {
  const issuerKey = keyIn(inputs, "issuer");
  const signature = bytes(inputs, "tag93");
  const staticData = bytes(inputs, "staticData", "staticDataToAuthenticate");
  if (issuerKey === undefined || signature === undefined) {
    return { is: "unreadable", why: "issuerModulus in hex" };
  }
  // Published without the card's records, the signature can only be opened.
  const sda =
    staticData === undefined
      ? openStatic(issuerKey, signature)
      : verifySda({ issuerKey, signature, staticData });
  if (!sda.ok) return refused(sda.fault);
  const { dataAuthenticationCode, hash } = sda;
  return values({ dataAuthenticationCode: toHex(dataAuthenticationCode), hash: toHex(hash) });
}
