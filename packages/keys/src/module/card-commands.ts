import { concat, equal, fromAscii, fromHex, toHex } from "@tillway/bytes";
import { ecbEncrypt } from "../cipher.ts";
import { applicationCryptogram, arpc1, arpc2, deriveIccKey } from "../cryptogram.ts";
import { type CryptogramScheme, cryptogramScheme } from "../scheme.ts";
import { firstBad, isHex, isPan, isPsn } from "./forms.ts";
import { keyCheckValue } from "../kcv.ts";
import { type Keyring, type Need, refuse } from "./keyring.ts";
import type { CommandOf, KeyBlock, Outcome } from "./security-module.ts";
import type { KeyUsage } from "./usage.ts";

export function verifyArqc(
  command: CommandOf<"verify-arqc">,
  ring: Keyring,
): Outcome<"verify-arqc"> {
  const name = "verify-arqc";
  const { pan, psn, cvn, atc, unpredictableNumber, data, arqc } = command;
  const { responseCode, cardStatusUpdate, proprietary = "" } = command;
  const bad = firstBad({
    pan: isPan(pan),
    psn: isPsn(psn),
    atc: isHex(atc, 2),
    unpredictableNumber: isHex(unpredictableNumber, 4),
    arqc: isHex(arqc, 8),
    responseCode: responseCode === undefined || /^[\x20-\x7E]{2}$/.test(responseCode),
    cardStatusUpdate: cardStatusUpdate === undefined || isHex(cardStatusUpdate, 4),
    proprietary: proprietary === "" || (proprietary.length <= 16 && isHexText(proprietary)),
  });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { key: issuerKey(command.key, "E0") });
  if (!opened.ok) return opened;
  const iccKey = deriveIccKey(opened.keys.key.value, pan, psn, command.option ?? "A");
  const scheme = cryptogramScheme(
    cvn,
    iccKey,
    fromHex(atc),
    fromHex(unpredictableNumber),
    command.session,
  );
  const given = fromHex(arqc);
  const made = applicationCryptogram(scheme.cryptogramKey, data, scheme.padding);
  if (!equal(made, given)) return { ok: true, valid: false };
  if (responseCode === undefined) return { ok: true, valid: true };
  return { ok: true, valid: true, arpc: issuerData(command, scheme, given, responseCode) };
}

export function deriveIccKeys(
  command: CommandOf<"derive-icc-keys">,
  ring: Keyring,
): Outcome<"derive-icc-keys"> {
  const name = "derive-icc-keys";
  const { pan, psn, option = "A" } = command;
  const bad = firstBad({ pan: isPan(pan), psn: isPsn(psn) });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, {
    imkAc: issuerKey(command.imkAc, "E0"),
    imkSmi: issuerKey(command.imkSmi, "E2"),
    imkSmc: issuerKey(command.imkSmc, "E1"),
    under: { block: command.under, usage: ["K0"], action: "encrypt", algorithms: ["tdes"] },
  });
  if (!opened.ok) return opened;
  const { imkAc, imkSmi, imkSmc, under } = opened.keys;
  const made = [imkAc, imkSmi, imkSmc].map((issuer) => {
    const key = deriveIccKey(issuer.value, pan, psn, option);
    const cipher = toHex(ecbEncrypt("tdes", under.value, key));
    return { cipher, kcv: toHex(keyCheckValue("tdes", key)) };
  });
  const [ac, smi, smc] = made;
  if (ac === undefined || smi === undefined || smc === undefined) throw new TypeError("three keys");
  return {
    ok: true,
    ac: ac.cipher,
    smi: smi.cipher,
    smc: smc.cipher,
    kcv: { ac: ac.kcv, smi: smi.kcv, smc: smc.kcv },
  };
}

/** An issuer master key, from which card keys are derived. */
export function issuerKey(block: KeyBlock, usage: KeyUsage): Need {
  return { block, usage: [usage], action: "derive", algorithms: ["tdes"] };
}

/** The value of tag 91 (EMV Book 3 Annex A, Issuer Authentication Data). */
function issuerData(
  command: CommandOf<"verify-arqc">,
  scheme: CryptogramScheme,
  arqc: Uint8Array,
  responseCode: string,
): Uint8Array {
  const method = command.cvn === "unionpay" ? command.arpcMethod : undefined;
  if ((method ?? scheme.arpcMethod) === 1) {
    const code = fromAscii(responseCode);
    return concat(arpc1(scheme.arpcKey, arqc, code), code);
  }
  // Byte 2 bit 8: issuer approves the online transaction (EMV Common Core Definitions, CSU).
  const usual = responseCode === "00" ? "00800000" : "00000000";
  const status = fromHex(command.cardStatusUpdate ?? usual);
  const proprietary = fromHex(command.proprietary ?? "");
  return concat(arpc2(scheme.arpcKey, arqc, status, proprietary), status, proprietary);
}

function isHexText(text: string): boolean {
  return isHex(text, text.length / 2);
}
