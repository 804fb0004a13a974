/** GET PROCESSING OPTIONS without contacts: kernels 3 and 7 get the card's whole decision here. */
import { concat, fromHex, toHex } from "@tillway/bytes";
import { SW } from "../../apdu.ts";
import type { Command } from "../../apdu.ts";
import { parseDol, splitDol } from "../../dol.ts";
import { signDynamicData } from "../../oda/sign.ts";
import { encodeTlv, encodeTlvs } from "../../tlv.ts";
import type { Random } from "../../card/image.ts";
import type { CryptogramType } from "../../card/cryptogram.ts";
import { makeCryptogram, mayApprove } from "./cryptogram.ts";
import type { Values } from "./cryptogram.ts";
import type { ContactlessImage } from "./image.ts";
import { refuse } from "./state.ts";
import type { TapCardState, TapEffect } from "./state.ts";

const LAST_COUNTER = 0xffff;
/** The owner has to unlock the phone first (C-3 §5.2.2). */
const SEE_PHONE = 0x6986;
const NOTHING = new Uint8Array(0);

/** Starts a transaction: the counter goes up (Book 3 §6.5.8). */
export function startTransaction(
  image: ContactlessImage,
  state: TapCardState,
  command: Command,
  random: Random,
): TapEffect {
  if (command.p1 !== 0 || command.p2 !== 0) return refuse(state, SW.wrongParameters);
  const [tag, length] = command.data;
  if (tag !== 0x83 || length !== command.data.length - 2) return refuse(state, SW.wrongData);
  const given = command.data.slice(2);
  const values = splitDol(parseDol(fromHex(image.profile.pdol)), given);
  if (values === undefined) return refuse(state, SW.wrongLength);
  const { chip } = state;
  const usable = state.stage === "selected" && !chip.applicationBlocked && chip.atc < LAST_COUNTER;
  if (!usable) return refuse(state, SW.conditions);
  const counted: TapCardState = {
    ...state,
    chip: { ...chip, atc: chip.atc + 1 },
    stage: "initiated",
    pdolData: toHex(given),
  };
  if (image.profile.kernel === 2)
    return { state: counted, sw: SW.ok, data: profileAndFiles(image) };
  return decide(image, state, counted, values, random);
}

function profileAndFiles(image: ContactlessImage): Uint8Array {
  const objects = encodeTlvs([
    ["82", fromHex(image.aip)],
    ["94", fromHex(image.afl)],
  ]);
  return encodeTlv("77", objects);
}

const bit = (value: Uint8Array, byte: number, mask: number): boolean =>
  ((value[byte - 1] ?? 0) & mask) !== 0;

function decide(
  image: ContactlessImage,
  before: TapCardState,
  state: TapCardState,
  values: Values,
  random: Random,
): TapEffect {
  const qualifiers = values.get("9F66") ?? NOTHING;
  const cvmRequired = bit(qualifiers, 2, 0x40);
  if (cvmRequired && image.profile.onDevice && !state.unlocked) return refuse(before, SEE_PHONE);
  const type = typeOf(image, state, values, qualifiers);
  const made = makeCryptogram(image, state, values, type);
  if (made === undefined) return refuse(before, SW.conditions);
  const ctq = cardQualifiers(image, state, cvmRequired);
  const objects: (readonly [string, Uint8Array])[] = [
    ["82", fromHex(image.aip)],
    ["57", fromHex(image.track2)],
    ["5F34", fromHex(image.psn)],
    ["9F10", made.iad],
    ["9F26", made.value],
    ["9F36", made.atc],
    ["9F6C", ctq],
  ];
  if (type === "TC") objects.push(...proof(image, values, made.atc, ctq, random));
  const data = encodeTlv("77", encodeTlvs(objects));
  return { state: { ...state, unlocked: false, stage: "finished" }, sw: SW.ok, data };
}

function typeOf(
  image: ContactlessImage,
  state: TapCardState,
  values: Values,
  qualifiers: Uint8Array,
): CryptogramType {
  const onlineRequired = bit(qualifiers, 2, 0x80);
  if (!onlineRequired && mayApprove(image, state, values)) return "TC";
  return bit(qualifiers, 1, 0x08) ? "AAC" : "ARQC";
}

/** Tag 9F6C; byte 2 bit 8 says that the phone verified its owner. */
function cardQualifiers(
  image: ContactlessImage,
  state: TapCardState,
  cvmRequired: boolean,
): Uint8Array {
  const { always, cvmRequired: wanted } = image.profile.qualifiers;
  if (image.profile.onDevice && state.unlocked) return fromHex("0080");
  return fromHex(cvmRequired ? wanted : always);
}

/** Fast DDA, version 01: files with the certificates, and a signature over this transaction. */
function proof(
  image: ContactlessImage,
  values: Values,
  atc: Uint8Array,
  ctq: Uint8Array,
  random: Random,
): (readonly [string, Uint8Array])[] {
  const related = concat(Uint8Array.of(0x01), random(4), ctq);
  const of = (tag: string): Uint8Array => values.get(tag) ?? NOTHING;
  const covered = concat(of("9F37"), of("9F02"), of("5F2A"), related);
  return [
    ["94", fromHex(image.afl)],
    ["9F69", related],
    ["9F4B", signDynamicData(image.keys.icc, atc, covered)],
  ];
}
