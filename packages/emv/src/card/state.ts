/** What a card remembers: for ever, and until its power goes. JSON-serialisable. */
import { fromHex, toHex } from "@tillway/bytes";
import type { CryptogramType } from "./cryptogram.ts";
import type { CardImage } from "./image.ts";

/** How far a transaction has come since the card was switched on. */
export type Stage =
  | "idle"
  | "directory"
  | "selected"
  | "initiated"
  | "online" // an ARQC was made, the issuer's answer is awaited
  | "finished";

/** Gone when the card loses power. Values by tag are hex. */
export type CardSession = {
  readonly stage: Stage;
  readonly pin: "none" | "passed" | "failed";
  readonly dynamicAuthentication: boolean;
  readonly first?: {
    readonly type: CryptogramType;
    readonly cryptogram: string;
    readonly values: Readonly<Record<string, string>>;
  };
  readonly issuerAuthentication: "none" | "passed" | "failed";
  /** Whether authenticated issuer data approve the transaction. */
  readonly issuerApproves: boolean;
};

/** What stays: counters, and what the last transactions left for the next one's risk management. */
export type CardState = {
  readonly atc: number;
  readonly lastOnlineAtc: number;
  readonly pinTries: number;
  readonly lastOnlineNotCompleted: boolean;
  readonly lastIssuerAuthenticationFailed: boolean;
  readonly applicationBlocked: boolean;
  readonly cardBlocked: boolean;
  /** Script commands since the last completed online transaction. */
  readonly scripts: number;
  readonly scriptFailed: boolean;
  readonly session: CardSession;
};

export const NEW_SESSION: CardSession = {
  stage: "idle",
  pin: "none",
  dynamicAuthentication: false,
  issuerAuthentication: "none",
  issuerApproves: false,
};

/** A card as it leaves its personaliser. */
export function newCardState(image: CardImage): CardState {
  return {
    atc: 0,
    lastOnlineAtc: 0,
    pinTries: image.pinTryLimit,
    lastOnlineNotCompleted: false,
    lastIssuerAuthenticationFailed: false,
    applicationBlocked: false,
    cardBlocked: false,
    scripts: 0,
    scriptFailed: false,
    session: NEW_SESSION,
  };
}

/** The state after a reset or loss of power. */
export function resetCard(state: CardState): CardState {
  return { ...state, session: NEW_SESSION };
}

/** What one command does: the next state, response data and status word. */
export type Effect = { readonly state: CardState; readonly sw: number; readonly data: Uint8Array };

/** A refusal or a bare acknowledgement. */
export function status(state: CardState, sw: number): Effect {
  return { state, sw, data: new Uint8Array(0) };
}

/** The state with a session changed in part. */
export function withSession(state: CardState, change: Partial<CardSession>): CardState {
  return { ...state, session: { ...state.session, ...change } };
}

/** The application transaction counter as two bytes. */
export function counterBytes(counter: number): Uint8Array {
  return Uint8Array.of(counter >> 8, counter & 0xff);
}

export function toHexValues(values: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries(Array.from(values, ([tag, value]) => [tag, toHex(value)]));
}

export function fromHexValues(values: Readonly<Record<string, string>>): Map<string, Uint8Array> {
  return new Map(Object.entries(values).map(([tag, value]) => [tag, fromHex(value)]));
}
