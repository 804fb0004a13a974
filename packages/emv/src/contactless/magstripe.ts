/**
 * Kernel 2's magnetic-stripe mode (C-2 §6.14): the card gives track data with empty places, and a
 * dynamic value (CVC3) for this transaction that the reader writes into them.
 */
import { fromHex, toHex } from "@tillway/bytes";
import { encodeCommand, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { answerDol } from "../kernel/dol-answer.ts";
import type { Session } from "../kernel/state.ts";
import { child, readTemplate } from "../kernel/turn.ts";
import type { MchipConfiguration } from "./configuration.ts";
import { settleIdentity } from "./identity.ts";
import { conclude, declined, endApplication } from "./outcome.ts";
import type { Tap, TapSession, TapTurn } from "./state.ts";
import type { TapVerification } from "./steps.ts";

/** What the kernel knows of the cardholder before it looks at the card's list. */
export type Holder = {
  /** The card is a phone that verifies its owner, and the reader lets it. */
  readonly onDevice: boolean;
  readonly required: boolean;
};

const COMPUTE_CHECKSUM = { ins: 0x2a, p1: 0x8e, p2: 0x80 } as const;
const NOTHING = new Uint8Array(0);
/** 9F7E: the phone is to verify its owner. */
const ON_DEVICE_REQUIRED = 0x02;

/** Sends COMPUTE CRYPTOGRAPHIC CHECKSUM with what the card's UDOL asks for. */
export function startMagstripe(
  session: TapSession,
  tap: Tap,
  mchip: MchipConfiguration,
  holder: Holder,
): TapTurn {
  const { emv } = tap;
  tap.mode = "magstripe";
  emv.card.set("57", emv.card.get("9F6B") ?? NOTHING);
  const digits = unpredictableDigits(emv);
  if (digits === undefined || !settleIdentity(tap)) return endApplication(session, "card-error");
  const number = BigInt(`0x${session.transaction.unpredictableNumber}`) % 10n ** BigInt(digits);
  emv.terminal.set("9F6A", fromHex(number.toString().padStart(8, "0")));
  emv.terminal.set("9F39", fromHex("91"));
  tap.cvm = holderIn(mchip, holder);
  if (holder.onDevice && holder.required) {
    const support = fromHex(mchip.mobileSupport);
    emv.terminal.set(
      "9F7E",
      support.map((byte) => byte | ON_DEVICE_REQUIRED),
    );
  }
  const udol = emv.card.get("9F69") ?? fromHex(mchip.defaultUdol);
  const data = answerDol(emv, udol);
  if (data === undefined || data.length === 0) return endApplication(session, "card-error");
  emv.cdolData = [data];
  session.wait = "checksum";
  const command = { cla: 0x80, ...COMPUTE_CHECKSUM, data, le: 256 };
  return { type: "transmit", apdu: encodeCommand(command) };
}

function holderIn(mchip: MchipConfiguration, { onDevice, required }: Holder): TapVerification {
  if (onDevice) return required ? "on-device" : "none";
  switch (required ? mchip.magstripeCvmRequired : mchip.magstripeCvmNotRequired) {
    case "20":
      return "online-pin";
    case "10":
      return "signature";
    default:
      return "none";
  }
}

/** How many bits are set. */
function population(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
}

/**
 * nUN, the digits of the terminal's number that fit the track: places marked in PUNATC less those
 * for the counter. Undefined where the maps are missing or track 1 says otherwise (C-2 §6.14.2).
 */
function unpredictableDigits({ card }: Session): number | undefined {
  const second = digitsOf(card.get("9F66"), card.get("9F67"), 2);
  const first = ["56", "9F62", "9F63", "9F64"];
  if (second === undefined || card.get("9F65")?.length !== 2) return undefined;
  if (!first.some((tag) => card.has(tag))) return second;
  if (!first.every((tag) => card.has(tag))) return undefined;
  return digitsOf(card.get("9F63"), card.get("9F64"), 6) === second ? second : undefined;
}

function digitsOf(
  map: Uint8Array | undefined,
  counter: Uint8Array | undefined,
  length: number,
): number | undefined {
  const forCounter = counter?.[0];
  if (map?.length !== length || forCounter === undefined) return undefined;
  const digits = population(map) - forCounter;
  return digits >= 0 && digits <= 8 ? digits : undefined;
}

/** Answer to COMPUTE CRYPTOGRAPHIC CHECKSUM: a track for the host, or none. */
export function checksumAnswered(session: TapSession, tap: Tap, response: Response): TapTurn {
  const { emv } = tap;
  const nodes = response.sw === SW.ok ? readTemplate(response.data, "77")?.children : undefined;
  const counter = nodes && child(nodes, "9F36")?.value;
  if (nodes === undefined || counter?.length !== 2) return endApplication(session, "card-error");
  const value = child(nodes, "9F61")?.value;
  const interaction = child(nodes, "DF4B")?.value;
  if (value?.length !== 2) {
    return seePhone(interaction)
      ? conclude(session, { kind: "try-again", reason: "see-phone", message: "see-phone" })
      : declined(session, "declined-by-card");
  }
  emv.card.set("9F36", counter);
  emv.card.set("9F61", value);
  // Bit 5: the phone verified its owner. Without it a promise made by its profile is not kept.
  const verified = ((interaction?.[1] ?? 0) & 0x10) !== 0;
  if (tap.cvm === "on-device" && !verified) return declined(session, "verification-failed");
  const track = dynamicTrack(emv, verified);
  if (track === undefined) return endApplication(session, "card-error");
  tap.dynamicTrack2 = track;
  return conclude(session, { kind: "online-request" });
}

/** DF4B: a phone asks its owner to look at it (C-2 §6.11, phone message table). */
export function seePhone(interaction: Uint8Array | undefined): boolean {
  return interaction?.length === 3 && ((interaction[1] ?? 0) & 0x0f) !== 0;
}

/**
 * Tag 9F6B with value, number and counter written where the maps point; places count from the
 * right, the last digit tells how many digits of the number there are (C-2 §6.14.4).
 */
function dynamicTrack({ card, terminal }: Session, verified: boolean): string | undefined {
  const template = toHex(card.get("9F6B") ?? NOTHING).replace(/F+$/, "");
  const parts = /^(\d{8,19}D\d{7})(\d*)$/.exec(template);
  const [, head, tail] = parts ?? [];
  if (head === undefined || tail === undefined || tail === "") return undefined;
  const digits = [...tail].reverse();
  const decimal = (tag: string): string =>
    BigInt(`0x${toHex(card.get(tag) ?? NOTHING) || "0"}`)
      .toString()
      .padStart(16, "0");
  const places = placesOf(card.get("9F66"));
  const counters = card.get("9F67")?.[0] ?? 0;
  const forNumber = places.slice(0, places.length - counters);
  const forCounter = places.slice(places.length - counters);
  const number = toHex(terminal.get("9F6A") ?? NOTHING);
  const written =
    write(digits, placesOf(card.get("9F65")), decimal("9F61")) &&
    write(digits, forNumber, number) &&
    write(digits, forCounter, decimal("9F36"));
  const told = (forNumber.length + (verified ? 5 : 0)) % 10;
  if (!written || !write(digits, [0], `${told}`)) return undefined;
  return head + digits.reverse().join("");
}

/** Places of the set bits, counted from 0 at the right. */
function placesOf(map: Uint8Array | undefined): number[] {
  const bits = BigInt(`0x${toHex(map ?? NOTHING) || "0"}`).toString(2);
  return [...bits].reverse().flatMap((bit, at) => (bit === "1" ? [at] : []));
}

/** Writes the last digits of a text into places, last digit rightmost; false where one is not there. */
function write(digits: string[], places: readonly number[], text: string): boolean {
  const last = [...text].reverse();
  return places.every((place, at) => {
    const digit = last[at];
    if (digit === undefined || place >= digits.length) return false;
    digits[place] = digit;
    return true;
  });
}
