/** What a card remembers: for ever, and until its power goes. JSON-serialisable. */
import { fromHex, toHex } from "@tillway/bytes";
import type { CryptogramType } from "./cryptogram.ts";
import type { AnyCardImage } from "./image.ts";

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
  /** Hex: values of the PDOL as the terminal gave them. */
  readonly pdolData?: string;
  readonly first?: {
    readonly type: CryptogramType;
    readonly cryptogram: string;
    readonly values: Readonly<Record<string, string>>;
    /** Hex: the data of CDOL1 as they came. */
    readonly data?: string;
  };
  readonly issuerAuthentication: "none" | "passed" | "failed";
  /** Whether authenticated issuer data approve the transaction. */
  readonly issuerApproves: boolean;
  /** Hex: given out by the last command, good for the next one only. */
  readonly challenge?: string;
  /** Script commands of this transaction so far. */
  readonly scriptCommands?: number;
  /** Which application is selected: 0 the first, 1 and up the further ones. */
  readonly application?: number;
  /** Commands since the card was switched on; counted only where a fault waits for its turn. */
  readonly commands?: number;
  /** The card fell silent by a fault of its profile. */
  readonly gone?: boolean;
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
  /** A PIN that a script changed; the profile's counts until then. */
  readonly pin?: string;
  /** Minor units approved without the issuer since it was last heard. */
  readonly offlineAmount?: string;
  /** Data that scripts changed, hex by tag. */
  readonly data?: Readonly<Record<string, string>>;
  /** The log, newest first, each record in hex. */
  readonly log?: readonly string[];
  /** The further applications, each with a state of its own. */
  readonly further?: readonly CardState[];
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
export function newCardState(image: AnyCardImage): CardState {
  const further = image.further?.map(newCardState);
  return {
    ...(further === undefined ? {} : { further }),
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
  const reset = { ...state, session: NEW_SESSION };
  return state.further === undefined ? reset : { ...reset, further: state.further.map(resetCard) };
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
