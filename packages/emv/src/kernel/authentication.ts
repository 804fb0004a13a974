/** Offline data authentication: static, dynamic, combined (Book 2 §5, §6; Book 3 §10.3). */
import { fromHex } from "@tillway/bytes";
import { INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { verifyDda, verifySda } from "../oda/recover.ts";
import { answerDol, asksFor } from "./dol-answer.ts";
import { iccKeyOf, issuerKeyOf, staticDataOf } from "./keys.ts";
import { bitOf, setTsi, setTvr } from "./state.ts";
import type { PublicKey, Session, Turn } from "./state.ts";
import { cardError, child, enter, readTemplate, transmit } from "./turn.ts";

type Method = "cda" | "dda" | "sda";

/** The strongest method both sides have (Book 3 §10.3). */
function methodOf(session: Session): Method | undefined {
  const profile = session.card.get("82");
  const capabilities = session.terminal.get("9F33");
  if (bitOf(profile, 1, 1) && bitOf(capabilities, 3, 4)) return "cda";
  if (bitOf(profile, 1, 6) && bitOf(capabilities, 3, 7)) return "dda";
  if (bitOf(profile, 1, 7) && bitOf(capabilities, 3, 8)) return "sda";
  return undefined;
}

/** Data the card must have brought for each method (Book 3 §7.2). */
const NEEDED: Readonly<Record<Method, readonly string[]>> = {
  cda: ["8F", "90", "9F32", "9F46", "9F47"],
  dda: ["8F", "90", "9F32", "9F46", "9F47"],
  sda: ["8F", "90", "9F32", "93"],
};

export function startAuthentication(session: Session): Turn {
  const method = methodOf(session);
  if (method === undefined) {
    setTvr(session, "authenticationNotPerformed");
    return enter("restrictions");
  }
  setTsi(session, "authenticationPerformed");
  if (method === "sda") setTvr(session, "sdaSelected");
  if (NEEDED[method].some((tag) => !session.card.has(tag))) {
    setTvr(session, "cardDataMissing");
    return failed(session, method);
  }
  if (method === "sda") return checkStatic(session);
  const iccKey = iccKeyOf(session);
  if (iccKey === undefined) return failed(session, method);
  session.iccKey = iccKey;
  return method === "dda" ? askForDynamic(session) : armCombined(session);
}

const FAILED = { cda: "cdaFailed", dda: "ddaFailed", sda: "sdaFailed" } as const;

function failed(session: Session, method: Method): Turn {
  setTvr(session, FAILED[method]);
  return enter("restrictions");
}

function checkStatic(session: Session): Turn {
  const issuerKey = issuerKeyOf(session);
  const staticData = staticDataOf(session);
  const signature = session.card.get("93");
  if (!issuerKey || !staticData || !signature) return failed(session, "sda");
  const result = verifySda({ issuerKey, signature, staticData });
  if (!result.ok) return failed(session, "sda");
  session.card.set("9F45", result.dataAuthenticationCode);
  return enter("restrictions");
}

/** The card signs with its cryptograms; both lists must then hold the terminal's number (§6.6). */
function armCombined(session: Session): Turn {
  const covered = ["8C", "8D"].every((list) => asksFor(session.card.get(list), "9F37"));
  if (!covered) return failed(session, "cda");
  session.combined = "armed";
  return enter("restrictions");
}

function askForDynamic(session: Session): Turn {
  const dol = session.card.get("9F49") ?? fromHex(session.selected?.application.defaultDdol ?? "");
  // Without the terminal's number the answer would prove nothing (Book 2 §6.5.1).
  if (!asksFor(dol, "9F37")) return failed(session, "dda");
  const { transaction } = session;
  const number = transaction.authenticationNumber ?? transaction.unpredictableNumber;
  session.terminal.set("9F37", fromHex(number));
  const ddolData = answerDol(session, dol);
  session.terminal.set("9F37", fromHex(transaction.unpredictableNumber));
  if (ddolData === undefined) return failed(session, "dda");
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
  const signature = signatureIn(data);
  if (signature === undefined) return failed(session, "dda");
  return checkDynamic(session, iccKey, signature);
}

function signatureIn(data: Uint8Array): Uint8Array | undefined {
  const tagged = readTemplate(data, "77")?.children ?? [];
  return readTemplate(data, "80")?.value ?? child(tagged, "9F4B")?.value;
}

function checkDynamic(session: Session, iccKey: PublicKey, signature: Uint8Array): Turn {
  const result = verifyDda({ iccKey, signature, ddolData: session.authenticationData });
  if (!result.ok) return failed(session, "dda");
  session.card.set("9F4C", result.iccDynamicNumber);
  return enter("restrictions");
}
