/**
 * Test certification authorities, one for each application provider (RID), and the bank's own RSA
 * keys certified by them. Real ones are the schemes'; a terminal of ours trusts these by provisioning.
 */
import { generateKeyPairSync } from "node:crypto";
import { makeCaKey, rsaKeyOf, signIssuerCertificate } from "@tillway/emv";
import type { CaKey, Certificate, RsaKey } from "@tillway/emv";
import { open, seal, type Random } from "@tillway/keys";
import { readIfThere, writeSecret } from "../files.ts";

/** Keys of one RID: the authority's and the issuer's, both with their private parts. */
export type Authority = { readonly rid: string; readonly ca: RsaKey; readonly issuer: RsaKey };

/** Index of our authorities' keys (tag 8F), and their last day. */
const CA_INDEX = "F1";
const CA_EXPIRY = "20391231";
const CERTIFICATE_EXPIRY = "1239";

/** Lengths in bits: each key fits into a certificate under the one before (Book 2 §5.1, §6.1). */
const CA_BITS = 1408;
const ISSUER_BITS = 1152;
const ICC_BITS = 1024;

const CONTEXT = "issuer/authority";

function rsaKey(bits: number): RsaKey {
  // Exponent 3 as on most cards (Book 2 Annex B2.1): terminals verify it fastest.
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: bits, publicExponent: 3 });
  return rsaKeyOf(privateKey);
}

/** A card's own RSA key. */
export const newCardKey = (): RsaKey => rsaKey(ICC_BITS);

/** The public key that terminals need for an authority's cards. */
export function caKeyOf({ rid, ca }: Authority): CaKey {
  return makeCaKey({ rid, index: CA_INDEX, key: ca, label: "test", expiry: CA_EXPIRY });
}

/** The issuer's certificate for cards whose numbers begin with these digits. */
export function issuerCertificate(authority: Authority, identity: string): Certificate {
  return signIssuerCertificate(authority.ca, authority.issuer, {
    identity,
    expiry: CERTIFICATE_EXPIRY,
    serial: "000001",
  });
}

export const caIndex = CA_INDEX;

/**
 * The authorities kept in a file that is sealed under a key of 32 bytes; those that are missing are
 * made and kept with the others. Throws where the file cannot be opened.
 */
export function keptAuthorities(
  path: string,
  key: Uint8Array,
  rids: readonly string[],
  random: Random,
): Authority[] {
  const sealed = readIfThere(path);
  const clear = sealed && open(key, sealed, CONTEXT);
  if (sealed && !clear) throw new Error(`${path} was not sealed under the key beside it`);
  // Written below and nowhere else, under a key that only this installation has.
  const kept = clear ? (JSON.parse(new TextDecoder().decode(clear)) as Authority[]) : [];
  const missing = rids.filter((rid) => !kept.some((one) => one.rid === rid));
  if (missing.length === 0) return kept;
  const made = missing.map((rid) => ({ rid, ca: rsaKey(CA_BITS), issuer: rsaKey(ISSUER_BITS) }));
  const all = [...kept, ...made];
  writeSecret(path, seal(key, random(12), new TextEncoder().encode(JSON.stringify(all)), CONTEXT));
  return all;
}
