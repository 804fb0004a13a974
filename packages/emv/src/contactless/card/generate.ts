/** Kernel 2's commands: GENERATE AC with a combined signature, and the stripe's dynamic value. */
import { concat, equal, fromHex } from "@tillway/bytes";
import { dynamicVerificationCode } from "@tillway/keys";
import { SW } from "../../apdu.ts";
import type { Command } from "../../apdu.ts";
import { parseDol, splitDol } from "../../dol.ts";
import { transactionDataHash } from "../../oda/combined.ts";
import { signCombinedData } from "../../oda/sign.ts";
import { encodeTlv, encodeTlvs } from "../../tlv.ts";
import type { CryptogramType } from "../../card/cryptogram.ts";
import type { Random } from "../../card/image.ts";
import { counterBytes } from "../../card/state.ts";
import { makeCryptogram, mayApprove } from "./cryptogram.ts";
import type { MadeCryptogram, Values } from "./cryptogram.ts";
import type { ContactlessImage } from "./image.ts";
import { refuse } from "./state.ts";
import type { TapCardState, TapEffect } from "./state.ts";

const SIGNATURE = 0x10;
const ASKED: ReadonlyMap<number, CryptogramType> = new Map([
  [0x00, "AAC"],
  [0x40, "TC"],
  [0x80, "ARQC"],
]);
const CID: Record<CryptogramType, number> = { AAC: 0x00, TC: 0x40, ARQC: 0x80 };
const DYNAMIC_NUMBER_LENGTH = 8;
/** CVM results of a phone that verified its owner (C-2 §6.10). */
const ON_DEVICE = fromHex("010002");
/** DF4B: the owner is to look at the phone. */
const LOOK_HERE = fromHex("000400");

/** The one GENERATE AC of a contactless transaction (Book 3 §6.5.5, C-2 §5.3). */
export function generateContactless(
  image: ContactlessImage,
  state: TapCardState,
  command: Command,
  random: Random,
): TapEffect {
  const asked = ASKED.get(command.p1 & ~SIGNATURE);
  if (asked === undefined || command.p2 !== 0) return refuse(state, SW.wrongParameters);
  if (state.stage !== "initiated") return refuse(state, SW.conditions);
  const values = splitDol(parseDol(fromHex(image.cdol1)), command.data);
  if (values === undefined) return refuse(state, SW.wrongLength);
  const locked = image.profile.onDevice && !state.unlocked && wantsPhone(values);
  const type = locked ? "AAC" : decide(image, state, values, asked);
  const made = makeCryptogram(image, state, values, type);
  if (made === undefined) return refuse(state, SW.conditions);
  const signed = (command.p1 & SIGNATURE) !== 0 && type !== "AAC";
  const objects = signed
    ? signedObjects(image, state, command, made, random)
    : plainObjects(made, locked);
  return {
    state: { ...state, unlocked: false, stage: "finished" },
    sw: SW.ok,
    data: encodeTlv("77", objects),
  };
}

function wantsPhone(values: Values): boolean {
  return equal(values.get("9F34") ?? new Uint8Array(3), ON_DEVICE);
}

/** Never above what the terminal asked for. */
function decide(
  image: ContactlessImage,
  state: TapCardState,
  values: Values,
  asked: CryptogramType,
): CryptogramType {
  if (asked === "AAC" || state.chip.applicationBlocked) return "AAC";
  return asked === "TC" && mayApprove(image, state, values) ? "TC" : "ARQC";
}

function plainObjects(made: MadeCryptogram, locked: boolean): Uint8Array {
  return encodeTlvs([
    ["9F27", Uint8Array.of(CID[made.type])],
    ["9F36", made.atc],
    ["9F26", made.value],
    ["9F10", made.iad],
    ...(locked ? ([["DF4B", LOOK_HERE]] as const) : []),
  ]);
}

/** The cryptogram stands inside the signature only (Book 2 §6.6.1). */
function signedObjects(
  image: ContactlessImage,
  state: TapCardState,
  command: Command,
  made: MadeCryptogram,
  random: Random,
): Uint8Array {
  const cid = CID[made.type];
  const others = encodeTlvs([
    ["9F27", Uint8Array.of(cid)],
    ["9F36", made.atc],
    ["9F10", made.iad],
  ]);
  const said = { pdol: fromHex(state.pdolData), cdols: [command.data] };
  const values = splitDol(parseDol(fromHex(image.cdol1)), command.data);
  const signature = signCombinedData(image.keys.icc, {
    iccDynamicNumber: random(DYNAMIC_NUMBER_LENGTH),
    cid,
    cryptogram: made.value,
    transactionDataHash: transactionDataHash(said, others),
    unpredictableNumber: values?.get("9F37") ?? new Uint8Array(4),
  });
  return concat(others, encodeTlv("9F4B", signature));
}

/** COMPUTE CRYPTOGRAPHIC CHECKSUM (C-2 §5.2): the dynamic value of the track for this number. */
export function computeChecksum(
  image: ContactlessImage,
  state: TapCardState,
  command: Command,
): TapEffect {
  const key = image.keys.cvc3;
  if (command.p1 !== 0x8e || command.p2 !== 0x80) return refuse(state, SW.wrongParameters);
  if (state.stage !== "initiated" || key === undefined) return refuse(state, SW.conditions);
  const values = splitDol(parseDol(fromHex(image.udol)), command.data);
  const number = values?.get("9F6A");
  if (number === undefined) return refuse(state, SW.wrongLength);
  const atc = counterBytes(state.chip.atc);
  const code = dynamicVerificationCode(fromHex(key), fromHex(image.track2), atc, number);
  const value = Number.parseInt(code, 10);
  const objects = encodeTlvs([
    ["9F61", Uint8Array.of(value >> 8, value & 0xff)],
    ["9F36", atc],
  ]);
  return {
    state: { ...state, unlocked: false, stage: "finished" },
    sw: SW.ok,
    data: encodeTlv("77", objects),
  };
}
