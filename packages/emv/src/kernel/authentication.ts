/** Offline data authentication, static and dynamic (Book 2 §5, §6; Book 3 §10.3). */
import { fromHex, toHex } from "@tillway/bytes";
import { INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import {
  recoverIccKey,
  recoverIssuerKey,
  staticDataToAuthenticate,
  verifyDda,
  verifySda,
} from "../oda/recover.ts";
import { caKeyName } from "./configuration.ts";
import type { CaKey } from "./configuration.ts";
import { century } from "./dates.ts";
import { answerDol, asksFor } from "./dol-answer.ts";
import { panOf } from "./fields.ts";
import { bitOf, setTsi, setTvr } from "./state.ts";
import type { Session, Turn } from "./state.ts";
import { cardError, child, enter, readTemplate, transmit } from "./turn.ts";

type Method = "dda" | "sda" | "none";
type Key = { readonly modulus: Uint8Array; readonly exponent: Uint8Array };

/** The strongest method both sides have. Combined authentication is not in this version. */
function methodOf(session: Session): Method {
  const profile = session.card.get("82");
  const capabilities = session.terminal.get("9F33");
  if (bitOf(profile, 1, 6) && bitOf(capabilities, 3, 7)) return "dda";
  if (bitOf(profile, 1, 7) && bitOf(capabilities, 3, 8)) return "sda";
  return "none";
}

export function startAuthentication(session: Session): Turn {
  const method = methodOf(session);
  if (method === "none") {
    setTvr(session, "authenticationNotPerformed");
    return enter("restrictions");
  }
  setTsi(session, "authenticationPerformed");
  if (method === "sda") setTvr(session, "sdaSelected");
  const needed =
    method === "dda" ? ["8F", "90", "9F32", "9F46", "9F47"] : ["8F", "90", "9F32", "93"];
  if (needed.some((tag) => !session.card.has(tag))) {
    setTvr(session, "cardDataMissing");
    return failed(session, method);
  }
  const issuerKey = recoverIssuer(session);
  const data = staticData(session);
  if (issuerKey === undefined || data === undefined) return failed(session, method);
  return method === "dda"
    ? askForDynamic(session, issuerKey, data)
    : checkStatic(session, issuerKey, data);
}

function failed(session: Session, method: Method): Turn {
  setTvr(session, method === "dda" ? "ddaFailed" : "sdaFailed");
  return enter("restrictions");
}

/** The CA key the card names, of this terminal's set, unless it has expired (Book 2 §11). */
function caKeyOf(session: Session): CaKey | undefined {
  const rid = toHex(session.card.get("84") ?? new Uint8Array(0)).slice(0, 10);
  const name = rid + toHex(session.card.get("8F") ?? new Uint8Array(0));
  const { caKeys, keySet } = session.configuration;
  const key = caKeys.find((entry) => caKeyName(entry) === name && entry.label === keySet);
  const today = century(session.transaction.date);
  return key?.expiry !== undefined && key.expiry < today ? undefined : key;
}

function recoverIssuer(session: Session): Key | undefined {
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

function staticData(session: Session): Uint8Array | undefined {
  const result = staticDataToAuthenticate({
    records: session.signed,
    tagList: session.card.get("9F4A"),
    aip: session.card.get("82") ?? new Uint8Array(0),
  });
  return result.ok ? result.data : undefined;
}

function checkStatic(session: Session, issuerKey: Key, data: Uint8Array): Turn {
  const signature = session.card.get("93") ?? new Uint8Array(0);
  const result = verifySda({ issuerKey, signature, staticData: data });
  if (!result.ok) return failed(session, "sda");
  session.card.set("9F45", result.dataAuthenticationCode);
  return enter("restrictions");
}

function askForDynamic(session: Session, issuerKey: Key, data: Uint8Array): Turn {
  const certificate = session.card.get("9F46") ?? new Uint8Array(0);
  const exponent = session.card.get("9F47") ?? new Uint8Array(0);
  const icc = recoverIccKey({
    issuerKey,
    certificate,
    exponent,
    remainder: session.card.get("9F48"),
    staticData: data,
    pan: panOf(session),
    date: session.transaction.date,
  });
  const dol = session.card.get("9F49") ?? fromHex(session.selected?.application.defaultDdol ?? "");
  // Without the terminal's number the answer would prove nothing (Book 2 §6.5.1).
  if (!icc.ok || !asksFor(dol, "9F37")) return failed(session, "dda");
  const { transaction } = session;
  const number = transaction.authenticationNumber ?? transaction.unpredictableNumber;
  session.terminal.set("9F37", fromHex(number));
  const ddolData = answerDol(session, dol);
  session.terminal.set("9F37", fromHex(transaction.unpredictableNumber));
  if (ddolData === undefined) return failed(session, "dda");
  session.iccKey = icc.key;
  session.authenticationData = ddolData;
  return transmit(session, "internal-authenticate", {
    cla: 0,
    ins: INS.internalAuthenticate,
    p1: 0,
    p2: 0,
    data: ddolData,
    le: 256,
  });
}

/** Answer to INTERNAL AUTHENTICATE. A refusal by status word stops the transaction (Book 3 §6.3.5). */
export function dynamicSigned(session: Session, { data, sw }: Response): Turn {
  const { iccKey } = session;
  if (sw !== SW.ok || iccKey === undefined) return cardError(session);
  const tagged = readTemplate(data, "77")?.children ?? [];
  const signature = readTemplate(data, "80")?.value ?? child(tagged, "9F4B")?.value;
  if (signature === undefined) return failed(session, "dda");
  const result = verifyDda({ iccKey, signature, ddolData: session.authenticationData });
  if (!result.ok) return failed(session, "dda");
  session.card.set("9F4C", result.iccDynamicNumber);
  return enter("restrictions");
}
