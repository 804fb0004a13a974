/** GENERATE AC: decision, cryptogram and, where asked for, a signature (Book 3 §6.5.5, Book 2 §6.6). */
import { concat, equal, fromHex, toHex } from "@tillway/bytes";
import { applicationCryptogram, cryptogramScheme } from "@tillway/keys";
import { SW } from "../apdu.ts";
import type { Command } from "../apdu.ts";
import { parseDol, splitDol } from "../dol.ts";
import { transactionDataHash } from "../oda/combined.ts";
import { signCombinedData } from "../oda/sign.ts";
import { encodeTlv, encodeTlvs } from "../tlv.ts";
import { checkIssuerData, UNABLE_TO_GO_ONLINE } from "./authenticate.ts";
import { cryptogramData } from "./cryptogram.ts";
import { completed, decideFirst, decideSecond, factsOf, spent } from "./decide.ts";
import { makeIad } from "./iad.ts";
import type { CardFacts, CryptogramType } from "./iad.ts";
import type { AnyCardImage, Random } from "./image.ts";
import { logged } from "./log.ts";
import { counterBytes, fromHexValues, status, toHexValues, withSession } from "./state.ts";
import type { CardState, Effect } from "./state.ts";

/** P1: the type in its upper bits, and bit 5 where the terminal wants a signature. */
const ASKED: ReadonlyMap<number, CryptogramType> = new Map([
  [0x00, "AAC"],
  [0x40, "TC"],
  [0x80, "ARQC"],
]);
const SIGNATURE = 0x10;
const CID: Record<CryptogramType, number> = { AAC: 0x00, TC: 0x40, ARQC: 0x80 };
const DYNAMIC_NUMBER_LENGTH = 8;

type Values = ReadonlyMap<string, Uint8Array>;
/** `said`: data of PDOL and CDOLs so far; undefined where no signature is wanted. */
type Request = { readonly type: CryptogramType; readonly signed: boolean; readonly random: Random };

/** The first or second GENERATE AC of a transaction. */
export function generateAc(
  image: AnyCardImage,
  state: CardState,
  command: Command,
  random: Random,
): Effect {
  const signed = (command.p1 & SIGNATURE) !== 0;
  const type = ASKED.get(command.p1 & ~SIGNATURE);
  const offersSignature = ((fromHex(image.aip)[0] ?? 0) & 0x01) !== 0;
  const wrong = type === undefined || command.p2 !== 0 || (signed && !offersSignature);
  if (wrong) return status(state, SW.wrongParameters);
  switch (state.session.stage) {
    case "initiated":
      return first(image, state, command, { type, signed, random });
    case "online":
      return type === "ARQC"
        ? status(state, SW.wrongParameters)
        : second(image, state, command, { type, signed, random });
    case "idle":
    case "directory":
    case "selected":
    case "finished":
      return status(state, SW.conditions);
  }
}

function first(image: AnyCardImage, state: CardState, command: Command, request: Request): Effect {
  const values = splitDol(parseDol(fromHex(image.cdol1)), command.data);
  if (values === undefined) return status(state, SW.wrongLength);
  const before = factsOf(image, state, values);
  const type = decideFirst(request.type, state, before);
  const signed = request.signed && type !== "AAC";
  const facts = { ...before, first: type, ...(signed ? { dynamicAuthentication: true } : {}) };
  const made = cryptogram(image, state, values, facts);
  if (made === undefined) return status(state, SW.conditions);
  const online = type === "ARQC";
  const next = withSession(state, {
    stage: online ? "online" : "finished",
    dynamicAuthentication: facts.dynamicAuthentication,
    first: {
      type,
      cryptogram: toHex(made.cryptogram),
      values: toHexValues(values),
      data: toHex(command.data),
    },
  });
  const after = type === "TC" ? logged(image, spent(image, next, values), values) : next;
  return {
    // Stays set if the power goes before the second GENERATE AC: told in the next transaction.
    state: online ? { ...after, lastOnlineNotCompleted: true } : after,
    sw: SW.ok,
    data: signed
      ? signedResponse(image, state, { type, made, values }, [command.data], request.random)
      : response(image, state, type, made),
  };
}

function second(image: AnyCardImage, state: CardState, command: Command, request: Request): Effect {
  const values = splitDol(parseDol(fromHex(image.cdol2)), command.data);
  const earlier = state.session.first;
  if (values === undefined || earlier === undefined) return status(state, SW.wrongLength);
  const authenticated = withIssuerData(image, state, values);
  const unable = UNABLE_TO_GO_ONLINE.some((code) => equal(code, values.get("8A") ?? code));
  const all = new Map([...fromHexValues(earlier.values), ...values]);
  const facts = {
    ...factsOf(image, authenticated, all),
    first: earlier.type,
    unableToGoOnline: unable,
    // The flag tells of earlier transactions; this one set it for itself only.
    lastOnlineNotCompleted: false,
  };
  const asked = request.type === "TC" ? "TC" : "AAC";
  const type = decideSecond(image, authenticated, asked, facts);
  const made = cryptogram(image, state, all, { ...facts, second: type });
  if (made === undefined) return status(state, SW.conditions);
  const done = completed(image, withSession(authenticated, { stage: "finished" }), unable);
  const approved = type === "TC" ? logged(image, done, all) : done;
  const said = [fromHex(earlier.data ?? ""), command.data];
  return {
    state: type === "TC" && unable ? spent(image, approved, all) : approved,
    sw: SW.ok,
    data:
      request.signed && type === "TC"
        ? signedResponse(image, state, { type, made, values: all }, said, request.random)
        : response(image, state, type, made),
  };
}

/** Issuer data that come with the second GENERATE AC itself; all zeros means there were none. */
function withIssuerData(image: AnyCardImage, state: CardState, values: Values): CardState {
  const issuerData = values.get("91");
  if (image.profile.issuerAuthentication.way !== "generate-ac") return state;
  if (issuerData === undefined || issuerData.every((byte) => byte === 0)) return state;
  const answer = checkIssuerData(image, state, issuerData);
  const passed = answer === "approves" || answer === "declines";
  return withSession(state, {
    issuerAuthentication: passed ? "passed" : "failed",
    issuerApproves: answer === "approves",
  });
}

type Made = { readonly cryptogram: Uint8Array; readonly iad: Uint8Array };

function cryptogram(
  image: AnyCardImage,
  state: CardState,
  values: Values,
  facts: CardFacts,
): Made | undefined {
  const version = image.profile.cryptogramVersion;
  const iad = makeIad(version, image.keyIndex, facts);
  const atc = counterBytes(state.atc);
  const own = new Map([...values, ["82", fromHex(image.aip)], ["9F36", atc], ["9F10", iad]]);
  const data = cryptogramData(version, own);
  const number = values.get("9F37");
  if (data === undefined || number === undefined) return undefined;
  const scheme = cryptogramScheme(version, fromHex(image.keys.ac), atc, number);
  return { cryptogram: applicationCryptogram(scheme.cryptogramKey, data, scheme.padding), iad };
}

function response(
  image: AnyCardImage,
  state: CardState,
  type: CryptogramType,
  made: Made,
): Uint8Array {
  const cid = Uint8Array.of(CID[type]);
  const atc = counterBytes(state.atc);
  if (image.responseFormat === 1) {
    return encodeTlv("80", concat(cid, atc, made.cryptogram, made.iad));
  }
  const objects = encodeTlvs([
    ["9F27", cid],
    ["9F36", atc],
    ["9F26", made.cryptogram],
    ["9F10", made.iad],
  ]);
  return encodeTlv("77", objects);
}

/** The answer in which the cryptogram is inside the signature (Book 2 §6.6.1). */
function signedResponse(
  image: AnyCardImage,
  state: CardState,
  given: { readonly type: CryptogramType; readonly made: Made; readonly values: Values },
  cdols: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  const cid = CID[given.type];
  const start = encodeTlvs([
    ["9F27", Uint8Array.of(cid)],
    ["9F36", counterBytes(state.atc)],
  ]);
  const iad = encodeTlv("9F10", given.made.iad);
  const pdol = fromHex(state.session.pdolData ?? "");
  const signature = signCombinedData(image.keys.icc, {
    iccDynamicNumber: random(DYNAMIC_NUMBER_LENGTH),
    cid,
    cryptogram: given.made.cryptogram,
    transactionDataHash: transactionDataHash({ pdol, cdols }, concat(start, iad)),
    unpredictableNumber: given.values.get("9F37") ?? new Uint8Array(4),
  });
  return encodeTlv("77", concat(start, encodeTlv("9F4B", signature), iad));
}
