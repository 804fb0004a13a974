/** INTERNAL AUTHENTICATE, VERIFY, GET CHALLENGE, EXTERNAL AUTHENTICATE (Book 3 §6.5). */
import { equal, fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { arpc1, arpc2, cryptogramScheme } from "@tillway/keys";
import { SW } from "../apdu.ts";
import type { Command } from "../apdu.ts";
import { dolLength, parseDol } from "../dol.ts";
import { encodeTlv } from "../tlv.ts";
import { decipherPin } from "../oda/pin.ts";
import { signDynamicData } from "../oda/sign.ts";
import type { AnyCardImage, Random } from "./image.ts";
import { counterBytes, fromHexValues, status, withSession } from "./state.ts";
import type { CardState, Effect } from "./state.ts";

const CHALLENGE_LENGTH = 8;
const DYNAMIC_NUMBER_LENGTH = 8;
const PLAINTEXT_PIN = 0x80;
const ENCIPHERED_PIN = 0x88;

/** Signs the terminal's data with the card's key: dynamic data authentication (§6.5.9). */
export function internalAuthenticate(
  image: AnyCardImage,
  state: CardState,
  command: Command,
  random: Random,
): Effect {
  if (command.p1 !== 0 || command.p2 !== 0) return status(state, SW.wrongParameters);
  if (state.session.stage !== "initiated") return status(state, SW.conditions);
  if (command.data.length !== dolLength(parseDol(fromHex(image.ddol)))) {
    return status(state, SW.wrongLength);
  }
  const number = random(DYNAMIC_NUMBER_LENGTH);
  const signature = signDynamicData(image.keys.icc, number, command.data);
  const data =
    image.responseFormat === 1
      ? encodeTlv("80", signature)
      : encodeTlv("77", encodeTlv("9F4B", signature));
  return { state: withSession(state, { dynamicAuthentication: true }), sw: SW.ok, data };
}

/**
 * Offline PIN (§6.5.12), in clear or enciphered over the last challenge (Book 2 §7.2). 63Cx tells
 * the tries left, 6983 that there were none; a block of another form than the one of §6.5.12, or
 * that answers no challenge, counts as no try.
 */
export function verify(image: AnyCardImage, state: CardState, command: Command): Effect {
  const form = formOf(image, command);
  if (form === undefined) return status(state, SW.wrongParameters);
  if (state.session.stage !== "initiated") return status(state, SW.conditions);
  if (command.data.length !== form.length) return status(state, SW.wrongLength);
  if (state.pinTries === 0) return status(withSession(state, { pin: "failed" }), SW.blocked);
  const block = form.read(state, command.data);
  const [control = 0] = block ?? [];
  if (block === undefined || control >> 4 !== 2 || !isPinLength(control & 0x0f)) {
    return status(state, SW.wrongData);
  }
  if (equal(pinBlock(state.pin ?? image.profile.pin), block)) {
    return status({ ...withSession(state, { pin: "passed" }), pinTries: image.pinTryLimit }, SW.ok);
  }
  const pinTries = state.pinTries - 1;
  return status({ ...withSession(state, { pin: "failed" }), pinTries }, 0x63c0 | pinTries);
}

type PinForm = {
  readonly length: number;
  readonly read: (state: CardState, data: Uint8Array) => Uint8Array | undefined;
};

/** How the PIN comes; undefined where this card does not take it so. */
function formOf(image: AnyCardImage, { p1, p2 }: Command): PinForm | undefined {
  if (p1 !== 0) return undefined;
  if (p2 === PLAINTEXT_PIN) return { length: 8, read: (_, data) => data };
  if (p2 !== ENCIPHERED_PIN || image.profile.enciphersPin === undefined) return undefined;
  const key = image.profile.enciphersPin === "pin-key" ? image.keys.pin : image.keys.icc;
  if (key === undefined) return undefined;
  return {
    length: key.modulus.length / 2,
    read: ({ session }, data) =>
      session.challenge === undefined
        ? undefined
        : decipherPin(key, data, fromHex(session.challenge)),
  };
}

function isPinLength(length: number): boolean {
  return length >= 4 && length <= 12;
}

function pinBlock(pin: string): Uint8Array {
  return fromHex(`2${pin.length.toString(16)}${pin}`.padEnd(16, "F"));
}

/** Eight unpredictable bytes, good for the next command only (§6.5.6). */
export function getChallenge(state: CardState, command: Command, random: Random): Effect {
  if (command.p1 !== 0 || command.p2 !== 0) return status(state, SW.wrongParameters);
  if (command.data.length > 0) return status(state, SW.wrongLength);
  if (state.session.stage !== "initiated") return status(state, SW.conditions);
  const challenge = random(CHALLENGE_LENGTH);
  const next = withSession(state, { challenge: toHex(challenge) });
  return { state: next, sw: SW.ok, data: challenge };
}

/** The issuer's cryptogram, once after an ARQC (§6.5.4): 6300 where it is not this issuer's. */
export function externalAuthenticate(
  image: AnyCardImage,
  state: CardState,
  command: Command,
): Effect {
  const { stage, issuerAuthentication } = state.session;
  if (command.p1 !== 0 || command.p2 !== 0) return status(state, SW.wrongParameters);
  if (stage !== "online" || issuerAuthentication !== "none") return status(state, SW.conditions);
  const answer = checkIssuerData(image, state, command.data);
  if (answer === "length") return status(state, SW.wrongLength);
  const change = {
    issuerAuthentication: answer === "failed" ? "failed" : "passed",
    issuerApproves: answer === "approves",
  } as const;
  return status(withSession(state, change), answer === "failed" ? SW.authenticationFailed : SW.ok);
}

/** Response codes that approve, as an issuer puts them into its cryptogram (ARPC method 1). */
const APPROVALS: ReadonlySet<string> = new Set(["00", "08", "10", "11", "A2", "A4", "A5", "A6"]);

/**
 * Tag 91 against the ARQC of this transaction (Book 2 §8.2): method 1 is cryptogram and response
 * code, method 2 a short cryptogram, the card status update and proprietary data.
 */
export function checkIssuerData(
  image: AnyCardImage,
  state: CardState,
  issuerData: Uint8Array,
): "approves" | "declines" | "failed" | "length" {
  const first = state.session.first;
  if (first === undefined) return "failed";
  const arqc = fromHex(first.cryptogram);
  const { arpcKey, arpcMethod } = cryptogramScheme(
    image.profile.cryptogramVersion,
    fromHex(image.keys.ac),
    counterBytes(state.atc),
    fromHexValues(first.values).get("9F37") ?? new Uint8Array(4),
  );
  if (arpcMethod === 1) {
    if (issuerData.length !== 10) return "length";
    const code = issuerData.subarray(8);
    if (!equal(arpc1(arpcKey, arqc, code), issuerData.subarray(0, 8))) return "failed";
    return APPROVALS.has(toAscii(code)) ? "approves" : "declines";
  }
  if (issuerData.length < 8 || issuerData.length > 16) return "length";
  const update = issuerData.subarray(4, 8);
  const made = arpc2(arpcKey, arqc, update, issuerData.subarray(8));
  if (!equal(made, issuerData.subarray(0, 4))) return "failed";
  return ((update[1] ?? 0) & 0x80) !== 0 ? "approves" : "declines";
}

/** Response codes of a terminal that could not go online (Book 4 Annex A6). */
export const UNABLE_TO_GO_ONLINE: readonly Uint8Array[] = [fromAscii("Y3"), fromAscii("Z3")];
