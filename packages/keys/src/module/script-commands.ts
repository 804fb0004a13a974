import { fromHex } from "@tillway/bytes";
import { deriveIccKey } from "../cryptogram.ts";
import { cardVerificationValue, dynamicVerificationCode } from "../cvv.ts";
import {
  encryptScriptData,
  pinChangeCommand,
  scriptMac,
  type ScriptTransaction,
} from "../issuer-script.ts";
import { translationAllowed } from "../pin-block.ts";
import { issuerKey } from "./card-commands.ts";
import { firstBad, isHex, isPan, isPsn } from "./forms.ts";
import { type ClearKey, type Keyring, type Need, refuse } from "./keyring.ts";
import {
  incomingKey,
  incomingPinKey,
  isBlock,
  isKsnOrNone,
  revealPin,
  travels,
} from "./pin-block-keys.ts";
import type { CommandOf, KeyBlock, Outcome } from "./security-module.ts";
import type { KeyAction } from "./usage.ts";

export function makeScriptMac(
  command: CommandOf<"script-mac">,
  ring: Keyring,
): Outcome<"script-mac"> {
  const name = "script-mac";
  const { key, header, data } = command;
  const bad = firstBad({ ...transactionForms(command), header: header.length === 5 });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { key: issuerKey(key, "E2") });
  if (!opened.ok) return opened;
  const card = cardKey(opened.keys.key, command);
  return { ok: true, mac: scriptMac(card, transactionOf(command), header, data) };
}

export function hideScriptData(
  command: CommandOf<"encrypt-script-data">,
  ring: Keyring,
): Outcome<"encrypt-script-data"> {
  const name = "encrypt-script-data";
  const { key, data } = command;
  const bad = firstBad({ ...transactionForms(command), data: data.length <= 240 });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { key: issuerKey(key, "E1") });
  if (!opened.ok) return opened;
  const card = cardKey(opened.keys.key, command);
  return { ok: true, data: encryptScriptData(card, transactionOf(command), data) };
}

export function changePin(command: CommandOf<"change-pin">, ring: Keyring): Outcome<"change-pin"> {
  const name = "change-pin";
  const { block, fromFormat, ksn, pan } = command;
  const bad = firstBad({
    ...transactionForms(command),
    block: isBlock(block),
    ksn: isKsnOrNone(ksn),
  });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, {
    from: incomingKey(command.from, ksn),
    imkAc: issuerKey(command.imkAc, "E0"),
    imkSmi: issuerKey(command.imkSmi, "E2"),
    imkSmc: issuerKey(command.imkSmc, "E1"),
  });
  if (!opened.ok) return opened;
  const { imkAc, imkSmi, imkSmc } = opened.keys;
  const from = incomingPinKey(opened.keys.from, ksn);
  const where = { samePan: true, towardsCard: true };
  if (!travels(fromFormat, from) || !translationAllowed(fromFormat, 2, where)) {
    return refuse(name, "fromFormat", "format-not-allowed");
  }
  const pin = revealPin(from, fromFormat, block, pan);
  if (pin === undefined) return refuse(name, "block", "bad-pin-block");
  const card = {
    ac: cardKey(imkAc, command),
    smi: cardKey(imkSmi, command),
    smc: cardKey(imkSmc, command),
  };
  return { ok: true, command: pinChangeCommand(card, transactionOf(command), pin) };
}

export function makeCvv(command: CommandOf<"make-cvv">, ring: Keyring): Outcome<"make-cvv"> {
  const name = "make-cvv";
  const bad = firstBad(valueForms(command));
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { key: verificationKey(command.key, "generate") });
  if (!opened.ok) return opened;
  return { ok: true, cvv: valueOf(opened.keys.key, command) };
}

export function verifyCvv(command: CommandOf<"verify-cvv">, ring: Keyring): Outcome<"verify-cvv"> {
  const name = "verify-cvv";
  const bad = firstBad({ ...valueForms(command), cvv: /^\d{3}$/.test(command.cvv) });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { key: verificationKey(command.key, "verify") });
  if (!opened.ok) return opened;
  return { ok: true, valid: valueOf(opened.keys.key, command) === command.cvv };
}

export function verifyCvc3(
  command: CommandOf<"verify-cvc3">,
  ring: Keyring,
): Outcome<"verify-cvc3"> {
  const name = "verify-cvc3";
  const { pan, psn, track, atc, unpredictableNumber, cvc3 } = command;
  const bad = firstBad({
    pan: isPan(pan),
    psn: isPsn(psn),
    track: isHex(track, track.length / 2),
    atc: isHex(atc, 2),
    unpredictableNumber: isHex(unpredictableNumber, 4),
    cvc3: /^\d{3,5}$/.test(cvc3),
  });
  if (bad !== undefined) return refuse(name, bad, "malformed");
  const opened = ring.open(name, { key: issuerKey(command.key, "E4") });
  if (!opened.ok) return opened;
  const code = dynamicVerificationCode(
    cardKey(opened.keys.key, command),
    fromHex(track),
    fromHex(atc),
    fromHex(unpredictableNumber),
  );
  return { ok: true, valid: code.endsWith(cvc3) };
}

type OnCard = Pick<CommandOf<"script-mac">, "pan" | "psn" | "option">;
type InTransaction = Pick<CommandOf<"script-mac">, "cvn" | "atc" | "arqc" | "session"> & OnCard;

function transactionForms(command: InTransaction): Record<string, boolean> {
  return {
    pan: isPan(command.pan),
    psn: isPsn(command.psn),
    atc: isHex(command.atc, 2),
    arqc: isHex(command.arqc, 8),
  };
}

function transactionOf(command: InTransaction): ScriptTransaction {
  const { cvn, atc, arqc, session } = command;
  return {
    version: cvn,
    atc: fromHex(atc),
    cryptogram: fromHex(arqc),
    ...(session === undefined ? {} : { unionpaySession: session }),
  };
}

function cardKey(issuer: ClearKey, { pan, psn, option = "A" }: OnCard): Uint8Array {
  return deriveIccKey(issuer.value, pan, psn, option);
}

function verificationKey(block: KeyBlock, action: KeyAction): Need {
  return { block, usage: ["C0"], action, algorithms: ["tdes"] };
}

type Value = Omit<CommandOf<"make-cvv">, "do">;

function valueForms({ pan, expiry, serviceCode }: Value): Record<string, boolean> {
  return {
    pan: isPan(pan),
    expiry: /^\d{4}$/.test(expiry),
    serviceCode: /^\d{3}$/.test(serviceCode),
  };
}

function valueOf(key: ClearKey, { pan, expiry, serviceCode }: Value): string {
  return cardVerificationValue(key.value, pan, expiry, serviceCode);
}
