/** What the kernel knows between two steps. */
import { TSI_BITS, TSI_LENGTH, TVR_BITS, TVR_LENGTH, hasBit, withBit } from "../tvr.ts";
import type { TsiBit, TvrBit } from "../tvr.ts";
import type { ApplicationConfiguration, KernelConfiguration } from "./configuration.ts";
import type {
  AnyVerification,
  Candidate,
  Cryptogram,
  FullKernelStep,
  KernelOutcome,
  OutcomeReason,
} from "./steps.ts";
import { terminalData } from "./terminal-data.ts";
import type { TransactionInput } from "./transaction.ts";

/** A candidate with what only the kernel needs. */
export type ListedApplication = Candidate & {
  readonly confirmation: boolean;
  readonly application: ApplicationConfiguration;
};

/** The commands whose answers the kernel waits for. */
export type CardWait =
  | "select-directory"
  | "read-directory"
  | "select-listed"
  | "select-application"
  | "processing-options"
  | "read-record"
  | "internal-authenticate"
  | "pin-tries"
  | "challenge"
  | "verify"
  | "application-counter"
  | "last-online-counter"
  | "first-cryptogram"
  | "external-authenticate"
  | "script-command"
  | "second-cryptogram";

/** What the kernel waits for: an answer of the card, or of the people and lines around it. */
export type Wait =
  | CardWait
  | "start"
  | "choice"
  | "online-pin"
  | "offline-pin"
  | "card-check"
  | "online-answer"
  | "nothing";

/** A part of the transaction to go on with. */
export type Phase =
  | "choose"
  | "list"
  | "initiate"
  | "records"
  | "authentication"
  | "restrictions"
  | "cardholder"
  | "offline-pin"
  | "risk"
  | "floor"
  | "action"
  | "unable"
  | "issuer"
  | "second"
  | "scripts-after"
  | "finish";

/** What a part says when it has done what it could: a step for the terminal, or the next part. */
export type Turn = FullKernelStep | { readonly type: "enter"; readonly phase: Phase };

export type RecordPlace = {
  readonly sfi: number;
  readonly number: number;
  readonly signed: boolean;
};

/** A script of the issuer on its way to the card (Book 3 §10.10). */
export type IssuerScript = {
  readonly before: boolean;
  readonly identifier: Uint8Array;
  readonly commands: readonly Uint8Array[];
  readonly wellFormed: boolean;
};

/** A PIN on its way to the card; the bytes are overwritten once they are used. */
export type HeldPin = { readonly block: Uint8Array; readonly padding: Uint8Array };

/**
 * Combined authentication (Book 2 §6.6): not chosen, chosen and the card's key known, or failed.
 * Once it has failed no more signatures are asked for.
 */
export type Combined = "none" | "armed" | "failed";

export type PublicKey = { readonly modulus: Uint8Array; readonly exponent: Uint8Array };

export type Decision = {
  readonly result: KernelOutcome["result"];
  readonly reason?: OutcomeReason;
};

/**
 * The working state. `advance` works on a copy of its own, so functions of the phases may assign
 * the fields and set the two maps; arrays are replaced, never changed in place.
 */
export type Session = {
  readonly configuration: KernelConfiguration;
  readonly transaction: TransactionInput;
  /** Whether the terminal answers every step: it takes offline PINs and checks lists. */
  readonly full: boolean;
  wait: Wait;
  /** The last step: said again to whatever comes after the end. */
  step: (FullKernelStep & { readonly type: "done" }) | undefined;
  /** The command on its way, with what GET RESPONSE has brought so far. */
  command: Uint8Array;
  collected: Uint8Array;
  fetches: number;
  /** Answers of the card so far, bounded. */
  answers: number;
  candidates: readonly ListedApplication[];
  directorySfi: number;
  position: number;
  occurrences: number;
  blocked: boolean;
  selected: ListedApplication | undefined;
  card: Map<string, Uint8Array>;
  terminal: Map<string, Uint8Array>;
  places: readonly RecordPlace[];
  signed: readonly { readonly sfi: number; readonly data: Uint8Array }[];
  recordTags: readonly string[];
  iccKey: PublicKey | undefined;
  authenticationData: Uint8Array;
  combined: Combined;
  /** What the GENERATE AC on its way asks for and says. */
  signatureAsked: boolean;
  pdolData: Uint8Array;
  cdolData: readonly Uint8Array[];
  rule: number;
  cvm: AnyVerification;
  pinBypassed: boolean;
  pinKey: PublicKey | undefined;
  pin: HeldPin | undefined;
  /** Minor units of this card's latest transaction in the terminal's log. */
  recentAmount: bigint;
  counter: number | undefined;
  asked: "TC" | "ARQC" | "AAC";
  cryptogram: Cryptogram | undefined;
  hostAnswered: boolean;
  hostApproved: boolean;
  requestOpen: boolean;
  scripts: readonly IssuerScript[];
  script: number;
  scriptCommand: number;
  scriptResults: readonly Uint8Array[];
  decision: Decision | undefined;
};

/** A copy that shares nothing which is changed in place. */
export function copySession(session: Session): Session {
  return { ...session, card: new Map(session.card), terminal: new Map(session.terminal) };
}

const NOTHING = new Uint8Array(0);

/** A transaction before its first step: terminal data are set, no card has spoken. */
export function openSession(
  configuration: KernelConfiguration,
  transaction: TransactionInput,
  full: boolean,
): Session {
  return {
    configuration,
    transaction,
    full,
    wait: "start",
    step: undefined,
    command: NOTHING,
    collected: NOTHING,
    fetches: 0,
    answers: 0,
    candidates: [],
    directorySfi: 0,
    position: 0,
    occurrences: 0,
    blocked: false,
    selected: undefined,
    card: new Map(),
    terminal: terminalData(configuration, transaction, full),
    places: [],
    signed: [],
    recordTags: [],
    iccKey: undefined,
    authenticationData: NOTHING,
    combined: "none",
    signatureAsked: false,
    pdolData: NOTHING,
    cdolData: [],
    rule: 0,
    cvm: "none",
    pinBypassed: false,
    pinKey: undefined,
    pin: undefined,
    recentAmount: 0n,
    counter: undefined,
    asked: "AAC",
    cryptogram: undefined,
    hostAnswered: false,
    hostApproved: false,
    requestOpen: false,
    scripts: [],
    script: 0,
    scriptCommand: 0,
    scriptResults: [],
    decision: undefined,
  };
}

/** Card and terminal data by tag. What the terminal sets cannot be replaced by the card. */
export function valuesOf(session: Session): Map<string, Uint8Array> {
  return new Map([...session.card, ...session.terminal]);
}

export function setTvr(session: Session, name: TvrBit): void {
  session.terminal.set("95", withBit(tvrOf(session), TVR_BITS[name]));
}

export function setTsi(session: Session, name: TsiBit): void {
  session.terminal.set("9B", withBit(tsiOf(session), TSI_BITS[name]));
}

export function tvrOf(session: Session): Uint8Array {
  return session.terminal.get("95") ?? new Uint8Array(TVR_LENGTH);
}

export function tsiOf(session: Session): Uint8Array {
  return session.terminal.get("9B") ?? new Uint8Array(TSI_LENGTH);
}

/** A bit of a value by byte (from 1) and bit (8 to 1), false where the value is absent. */
export function bitOf(value: Uint8Array | undefined, byte: number, bit: number): boolean {
  return value !== undefined && hasBit(value, { byte, bit, meaning: "" });
}
