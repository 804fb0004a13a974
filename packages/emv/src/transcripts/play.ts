/** The kernel in the place of a recorded terminal, before a card that answers as recorded. */
import { concat, fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { encodePinBlock } from "@tillway/keys";
import { advanceFull, startFullKernel } from "../kernel/machine.ts";
import type { FullKernelState } from "../kernel/machine.ts";
import { recordedCard } from "../kernel/rehearsal.ts";
import type { Match } from "../kernel/rehearsal.ts";
import type {
  AnyVerification,
  FullKernelStep,
  KernelEvent,
  KernelOutcome,
} from "../kernel/steps.ts";
import { sign } from "../oda/rsa.ts";
import type { RsaKey } from "../oda/rsa.ts";
import { encodeTlv } from "../tlv.ts";
import type { TlvStore } from "../tlv.ts";
import { configurationOf, guesses, transactionOf } from "./guess.ts";
import type { Guess } from "./guess.ts";
import type { Recording } from "./recording.ts";
import type { Recorded } from "./terminal.ts";

/** How a play went: what the kernel knew at its first cryptogram and at its end. */
export type Play = {
  readonly guess: Guess;
  readonly outcome: KernelOutcome<AnyVerification>;
  readonly first: TlvStore | undefined;
  readonly last: TlvStore;
  /** How many GENERATE AC the kernel sent, and the data enciphered for the card, if any. */
  readonly cryptograms: number;
  readonly enciphered: Uint8Array | undefined;
  readonly combined: boolean;
  readonly matches: readonly { readonly command: string; readonly match: Match }[];
};

const MOST_STEPS = 2000;

/** The play that follows the record best; the first exact one where there is one. */
export function playBest(recording: Recording, recorded: Recorded): Play {
  let best: Play | undefined;
  for (const guess of guesses(recorded)) {
    const played = play(recording, recorded, guess);
    if (best === undefined || score(played) > score(best)) best = played;
    if (isExact(played)) return played;
  }
  return best ?? play(recording, recorded, { ...STANDARD, pin: "pin-entered" });
}

const STANDARD = { verification: 0x28, authentication: 0xc0 } as const;

/** Exact commands count for, commands the record does not know against. */
function score({ matches }: Play): number {
  const worth: Record<Match, number> = { exact: 1, header: 0, missing: -1 };
  return matches.reduce((sum, { match }) => sum + worth[match], 0);
}

/** Every GENERATE AC was sent byte for byte as recorded. */
function isExact({ matches }: Play): boolean {
  const sent = matches.filter(({ command }) => command.startsWith("80AE"));
  return sent.length > 0 && sent.every(({ match }) => match === "exact");
}

/** Plays once, under one guess. */
export function play(recording: Recording, recorded: Recorded, guess: Guess): Play {
  const card = recordedCard(recording.exchanges);
  const configuration = configurationOf(recording, recorded, guess);
  let turn = startFullKernel(configuration, transactionOf(recording, recorded));
  let first: TlvStore | undefined;
  let cryptograms = 0;
  let enciphered: Uint8Array | undefined;
  for (let steps = 0; turn.step.type !== "done" && steps < MOST_STEPS; steps += 1) {
    const { step } = turn;
    if (step.type === "go-online") first = storeOf(turn.state);
    if (step.type === "transmit") {
      if (step.apdu[1] === 0xae) cryptograms += 1;
      if (step.apdu[1] === 0x20 && step.apdu[3] === 0x88) enciphered = step.apdu.slice(5);
    }
    turn = advanceFull(turn.state, answerTo(step, recording, recorded, guess, card.answer));
  }
  if (turn.step.type !== "done") throw new Error("a transcript without an end");
  const last = storeOf(turn.state);
  const { outcome } = turn.step;
  const combined = turn.state.combined === "armed";
  const matches = card.matches();
  return { guess, outcome, first, last, cryptograms, enciphered, combined, matches };
}

function storeOf(state: FullKernelState): TlvStore {
  return new Map([...state.card, ...state.terminal]);
}

function answerTo(
  step: Exclude<FullKernelStep, { readonly type: "done" }>,
  recording: Recording,
  recorded: Recorded,
  guess: Guess,
  card: (command: Uint8Array) => Uint8Array,
): KernelEvent {
  switch (step.type) {
    case "transmit":
      return { type: "response", apdu: card(step.apdu) };
    case "choose-application":
      return { type: "application-chosen", aid: recorded.aid };
    case "enter-online-pin":
      return { type: guess.pin };
    case "enter-offline-pin":
      return guess.pin === "pin-bypassed"
        ? { type: "pin-bypassed" }
        : { type: "offline-pin-entered", ...offlinePin(recording, recorded, step.padding) };
    case "check-card":
      return { type: "card-checked", onExceptionFile: false };
    case "go-online":
      return hostAnswer(recorded);
  }
}

/** The PIN as given, or as it went over in clear; padding as recorded where it can be opened. */
function offlinePin(
  { pin, iccKey }: Recording,
  { pins }: Recorded,
  length: number,
): { readonly pin: Uint8Array; readonly padding: Uint8Array } {
  const clear = pins.get(0x80);
  const block = clear?.length === 8 ? clear.slice() : encodePinBlock(2, pin ?? "0000", "");
  const sent = pins.get(0x88);
  const padding = iccKey && sent && opened(iccKey, sent)?.slice(-length);
  return { pin: block, padding: padding?.length === length ? padding : new Uint8Array(length) };
}

/** Enciphered data under a test card's own key; undefined where they are not under it. */
export function opened(key: RsaKey, data: Uint8Array): Uint8Array | undefined {
  try {
    return sign(key, data);
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}

/** What the host said, as far as the card was told of it. */
function hostAnswer({ cryptograms, issuerData, terminal, scripts }: Recorded): KernelEvent {
  const second = cryptograms[1];
  const code = terminal.get("8A") ?? fromAscii(second?.type === "AAC" ? "05" : "00");
  const inList = terminal.get("91");
  const given = issuerData ?? (inList?.some((byte) => byte !== 0) === true ? inList : undefined);
  const unable = ["Y3", "Z3"].includes(toAscii(code)) && given === undefined;
  if (second === undefined || unable) return { type: "unable-to-go-online" };
  const script = (tag: string, commands: readonly string[]): Uint8Array =>
    commands.length === 0
      ? new Uint8Array(0)
      : encodeTlv(tag, concat(...commands.map((command) => encodeTlv("86", fromHex(command)))));
  return {
    type: "online-answered",
    responseCode: second.type === "TC" ? "00" : "05",
    issuerData: concat(
      encodeTlv("8A", code),
      given === undefined ? new Uint8Array(0) : encodeTlv("91", given),
      script("71", scripts.before),
      script("72", scripts.after),
    ),
  };
}

/** Hex of a value, undefined where it is absent. */
export function hexOf(store: TlvStore | undefined, tag: string): string | undefined {
  const value = store?.get(tag);
  return value === undefined ? undefined : toHex(value);
}
