/** Public keys of issuer and card as this terminal trusts them (Book 2 §5.2, §6.3, §6.4, §7.1). */
import { fromHex, toHex } from "@tillway/bytes";
import { recoverIccKey, recoverIssuerKey, staticDataToAuthenticate } from "../oda/recover.ts";
import { caKeyName } from "./configuration.ts";
import type { CaKey } from "./configuration.ts";
import { century } from "./dates.ts";
import { panOf } from "./fields.ts";
import type { PublicKey, Session } from "./state.ts";

const NOTHING = new Uint8Array(0);

/** The CA key the card names, of this terminal's set, unless it has expired (Book 2 §11). */
function caKeyOf(session: Session): CaKey | undefined {
  const rid = toHex(session.card.get("84") ?? NOTHING).slice(0, 10);
  const name = rid + toHex(session.card.get("8F") ?? NOTHING);
  const { caKeys, keySet } = session.configuration;
  const key = caKeys.find((entry) => caKeyName(entry) === name && entry.label === keySet);
  const today = century(session.transaction.date);
  return key?.expiry !== undefined && key.expiry < today ? undefined : key;
}

/** The issuer's key; undefined where the terminal cannot trust it. */
export function issuerKeyOf(session: Session): PublicKey | undefined {
  const ca = caKeyOf(session);
  const certificate = session.card.get("90");
  const exponent = session.card.get("9F32");
  if (ca === undefined || certificate === undefined || exponent === undefined) return undefined;
  const result = recoverIssuerKey({
    caKey: { modulus: fromHex(ca.modulus), exponent: fromHex(ca.exponent) },
    certificate,
    exponent,
    remainder: session.card.get("92"),
    pan: panOf(session),
    date: session.transaction.date,
    revoked: new Set(ca.revoked ?? []),
  });
  return result.ok ? result.key : undefined;
}

/** What the records marked as signed hold; undefined where they break the rules. */
export function staticDataOf(session: Session): Uint8Array | undefined {
  const result = staticDataToAuthenticate({
    records: session.signed,
    tagList: session.card.get("9F4A"),
    aip: session.card.get("82") ?? NOTHING,
  });
  return result.ok ? result.data : undefined;
}

/** The card's key for signatures; undefined where it cannot be trusted. */
export function iccKeyOf(session: Session): PublicKey | undefined {
  const issuerKey = issuerKeyOf(session);
  const data = staticDataOf(session);
  const certificate = session.card.get("9F46");
  const exponent = session.card.get("9F47");
  if (!issuerKey || !data || !certificate || !exponent) return undefined;
  const result = recoverIccKey({
    issuerKey,
    certificate,
    exponent,
    remainder: session.card.get("9F48"),
    staticData: data,
    pan: panOf(session),
    date: session.transaction.date,
  });
  return result.ok ? result.key : undefined;
}

/**
 * The key under which a PIN goes to the card (Book 2 §7.1): the one made for it where the card has
 * one, else the card's key for signatures. Where the first is there but bad, there is none.
 */
export function pinKeyOf(session: Session): PublicKey | undefined {
  const certificate = session.card.get("9F2D");
  const exponent = session.card.get("9F2E");
  if (certificate === undefined || exponent === undefined) {
    return session.iccKey ?? iccKeyOf(session);
  }
  const issuerKey = issuerKeyOf(session);
  if (issuerKey === undefined) return undefined;
  const result = recoverIccKey({
    issuerKey,
    certificate,
    exponent,
    remainder: session.card.get("9F2F"),
    staticData: NOTHING,
    pan: panOf(session),
    date: session.transaction.date,
  });
  return result.ok ? result.key : undefined;
}
