/** GENERATE AC: card risk management, decision and cryptogram (Book 3 §6.5.5, §10.8, §10.11). */
import { concat, equal, fromHex, toHex } from "@tillway/bytes";
import { applicationCryptogram, cryptogramScheme } from "@tillway/keys";
import { SW } from "../apdu.ts";
import type { Command } from "../apdu.ts";
import { parseDol, splitDol } from "../dol.ts";
import { encodeTlv, encodeTlvs } from "../tlv.ts";
import { checkIssuerData, UNABLE_TO_GO_ONLINE } from "./authenticate.ts";
import { cryptogramData, makeIad } from "./cryptogram.ts";
import type { CardFacts, CryptogramType } from "./cryptogram.ts";
import type { CardImage } from "./image.ts";
import { counterBytes, fromHexValues, status, toHexValues, withSession } from "./state.ts";
import type { CardState, Effect } from "./state.ts";

/** P1 without the request for a combined signature, which this card's AIP does not offer. */
const ASKED: ReadonlyMap<number, CryptogramType> = new Map([
  [0x00, "AAC"],
  [0x40, "TC"],
  [0x80, "ARQC"],
]);
const CID: Record<CryptogramType, number> = { AAC: 0x00, TC: 0x40, ARQC: 0x80 };

type Values = ReadonlyMap<string, Uint8Array>;

/** The first or second GENERATE AC of a transaction. */
export function generateAc(image: CardImage, state: CardState, command: Command): Effect {
  const asked = ASKED.get(command.p1);
  if (asked === undefined || command.p2 !== 0) return status(state, SW.wrongParameters);
  switch (state.session.stage) {
    case "initiated":
      return first(image, state, command, asked);
    case "online":
      return asked === "ARQC"
        ? status(state, SW.wrongParameters)
        : second(image, state, command, asked);
    case "idle":
    case "directory":
    case "selected":
    case "finished":
      return status(state, SW.conditions);
  }
}

function first(
  image: CardImage,
  state: CardState,
  command: Command,
  asked: CryptogramType,
): Effect {
  const values = splitDol(parseDol(fromHex(image.cdol1)), command.data);
  if (values === undefined) return status(state, SW.wrongLength);
  const facts = factsOf(image, state);
  const type = decideFirst(asked, state, facts);
  const made = cryptogram(image, state, values, { ...facts, first: type });
  if (made === undefined) return status(state, SW.conditions);
  const online = type === "ARQC";
  const next = withSession(state, {
    stage: online ? "online" : "finished",
    first: { type, cryptogram: toHex(made.cryptogram), values: toHexValues(values) },
  });
  return {
    // Stays set if the power goes before the second GENERATE AC: told in the next transaction.
    state: online ? { ...next, lastOnlineNotCompleted: true } : next,
    sw: SW.ok,
    data: response(image, state, type, made),
  };
}

function second(image: CardImage, state: CardState, command: Command, asked: "AAC" | "TC"): Effect {
  const values = splitDol(parseDol(fromHex(image.cdol2)), command.data);
  const earlier = state.session.first;
  if (values === undefined || earlier === undefined) return status(state, SW.wrongLength);
  const authenticated = withIssuerData(image, state, values);
  const unable = UNABLE_TO_GO_ONLINE.some((code) => equal(code, values.get("8A") ?? code));
  const facts = {
    ...factsOf(image, authenticated),
    first: earlier.type,
    unableToGoOnline: unable,
    // The flag tells of earlier transactions; this one set it for itself only.
    lastOnlineNotCompleted: false,
  };
  const type = decideSecond(image, authenticated, asked, facts);
  const all = new Map([...fromHexValues(earlier.values), ...values]);
  const made = cryptogram(image, state, all, { ...facts, second: type });
  if (made === undefined) return status(state, SW.conditions);
  return {
    state: completed(image, authenticated, unable),
    sw: SW.ok,
    data: response(image, state, type, made),
  };
}

/** What the card knows of itself before it decides. `first` is filled in by the decision. */
function factsOf(image: CardImage, state: CardState): CardFacts {
  const { lower, upper } = image.profile.offlineLimits;
  const since = state.atc - state.lastOnlineAtc;
  return {
    first: "AAC",
    issuerAuthentication: state.session.issuerAuthentication,
    pin: state.session.pin,
    pinTries: state.pinTries,
    unableToGoOnline: false,
    lastOnlineNotCompleted: state.lastOnlineNotCompleted,
    lastIssuerAuthenticationFailed: state.lastIssuerAuthenticationFailed,
    limitExceeded: since > lower,
    upperLimitExceeded: since > upper,
    newCard: state.lastOnlineAtc === 0,
    scripts: state.scripts,
    scriptFailed: state.scriptFailed,
    dynamicAuthentication: state.session.dynamicAuthentication,
  };
}

/** Never above what the terminal asked for: a TC may become an ARQC or AAC, an ARQC an AAC. */
function decideFirst(asked: CryptogramType, state: CardState, facts: CardFacts): CryptogramType {
  if (asked === "AAC" || state.applicationBlocked) return "AAC";
  const wantsIssuer =
    facts.newCard ||
    facts.limitExceeded ||
    facts.lastOnlineNotCompleted ||
    facts.lastIssuerAuthenticationFailed ||
    facts.pinTries === 0;
  return asked === "TC" && !wantsIssuer ? "TC" : "ARQC";
}

function decideSecond(
  image: CardImage,
  state: CardState,
  asked: "AAC" | "TC",
  facts: CardFacts,
): "AAC" | "TC" {
  if (asked === "AAC" || state.applicationBlocked) return "AAC";
  const { issuerAuthentication, issuerApproves } = state.session;
  switch (issuerAuthentication) {
    case "failed":
      return "AAC";
    case "passed":
      return issuerApproves ? "TC" : "AAC";
    case "none": {
      if (facts.unableToGoOnline) {
        return facts.newCard || facts.upperLimitExceeded ? "AAC" : "TC";
      }
      return image.profile.issuerAuthentication.required ? "AAC" : "TC";
    }
  }
}

/** Issuer data that come with the second GENERATE AC itself; all zeros means there were none. */
function withIssuerData(image: CardImage, state: CardState, values: Values): CardState {
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

/** What the end of an online transaction leaves for the next one. */
function completed(image: CardImage, state: CardState, unable: boolean): CardState {
  const done = withSession(state, { stage: "finished" });
  if (state.session.issuerAuthentication === "failed") {
    return { ...done, lastOnlineNotCompleted: false, lastIssuerAuthenticationFailed: true };
  }
  const heard = state.session.issuerAuthentication === "passed";
  if (!heard && (unable || image.profile.issuerAuthentication.required)) return done;
  return {
    ...done,
    lastOnlineAtc: state.atc,
    lastOnlineNotCompleted: false,
    lastIssuerAuthenticationFailed: false,
    scripts: 0,
    scriptFailed: false,
  };
}

type Made = { readonly cryptogram: Uint8Array; readonly iad: Uint8Array };

function cryptogram(
  image: CardImage,
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
  image: CardImage,
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
