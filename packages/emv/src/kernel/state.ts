/** What the kernel knows between two steps. */
import { fromAscii, fromHex } from "@tillway/bytes";
import { TSI_BITS, TSI_LENGTH, TVR_BITS, TVR_LENGTH, hasBit, withBit } from "../tvr.ts";
import type { TsiBit, TvrBit } from "../tvr.ts";
import type { ApplicationConfiguration, KernelConfiguration } from "./configuration.ts";
import type {
  Candidate,
  CardholderVerification,
  Cryptogram,
  KernelOutcome,
  KernelStep,
  OutcomeReason,
} from "./steps.ts";
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
  | "application-counter"
  | "last-online-counter"
  | "first-cryptogram"
  | "external-authenticate"
  | "script-command"
  | "second-cryptogram";

/** What the kernel waits for: an answer of the card, or of the people and lines around it. */
export type Wait = CardWait | "start" | "choice" | "online-pin" | "online-answer" | "nothing";

/** A part of the transaction to go on with. */
export type Phase =
  | "choose"
  | "list"
  | "initiate"
  | "records"
  | "authentication"
  | "restrictions"
  | "cardholder"
  | "risk"
  | "action"
  | "issuer"
  | "second"
  | "scripts-after"
  | "finish";

/** What a part says when it has done what it could: a step for the terminal, or the next part. */
export type Turn = KernelStep | { readonly type: "enter"; readonly phase: Phase };

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
  wait: Wait;
  /** The last step: said again to whatever comes after the end. */
  step: KernelStep | undefined;
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
  iccKey: { readonly modulus: Uint8Array; readonly exponent: Uint8Array } | undefined;
  authenticationData: Uint8Array;
  rule: number;
  cvm: CardholderVerification;
  pinBypassed: boolean;
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
): Session {
  return {
    configuration,
    transaction,
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
    terminal: terminalData(configuration, transaction),
    places: [],
    signed: [],
    recordTags: [],
    iccKey: undefined,
    authenticationData: NOTHING,
    rule: 0,
    cvm: "none",
    pinBypassed: false,
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

function terminalData(
  { terminal }: KernelConfiguration,
  transaction: TransactionInput,
): Map<string, Uint8Array> {
  const other = transaction.otherAmount ?? "0";
  const data: [string, Uint8Array | undefined][] = [
    ["95", new Uint8Array(TVR_LENGTH)],
    ["9B", new Uint8Array(TSI_LENGTH)],
    ["9F34", fromHex("3F0000")],
    ["9F02", digits(transaction.amount, 6)],
    ["9F03", digits(other, 6)],
    ["81", binary(transaction.amount)],
    ["9F04", binary(other)],
    ["5F2A", digits(transaction.currency, 2)],
    ["5F36", digits(`${transaction.currencyExponent}`, 1)],
    ["9A", fromHex(transaction.date)],
    ["9F21", fromHex(transaction.time)],
    ["9C", fromHex(transaction.type)],
    ["9F37", fromHex(transaction.unpredictableNumber)],
    ["9F41", digits(transaction.sequence, 4)],
    ["9F1A", digits(terminal.country, 2)],
    ["9F33", fromHex(terminal.capabilities)],
    ["9F35", fromHex(terminal.type)],
    ["9F40", fromHex(terminal.additionalCapabilities)],
    ["9F39", fromHex("05")],
    ["9F1C", terminal.terminalId === undefined ? undefined : fromAscii(terminal.terminalId)],
    ["9F1E", terminal.serial === undefined ? undefined : fromAscii(terminal.serial)],
    ["9F16", terminal.merchantId === undefined ? undefined : fromAscii(terminal.merchantId)],
    ["9F4E", terminal.merchantName === undefined ? undefined : fromAscii(terminal.merchantName)],
    [
      "9F15",
      terminal.merchantCategory === undefined ? undefined : digits(terminal.merchantCategory, 2),
    ],
    ["9F01", terminal.acquirer === undefined ? undefined : digits(terminal.acquirer, 6)],
  ];
  const present = new Map<string, Uint8Array>();
  for (const [tag, value] of data) if (value !== undefined) present.set(tag, value);
  return present;
}

/** Decimal digits as a numeric value of `length` bytes, two digits a byte. */
export function digits(text: string, length: number): Uint8Array {
  return fromHex(text.padStart(length * 2, "0").slice(-length * 2));
}

/** An amount as a four-byte binary number, capped where it does not fit. */
export function binary(amount: string): Uint8Array {
  const most = 0xffffffffn;
  const value = BigInt(amount);
  return fromHex((value > most ? most : value).toString(16).padStart(8, "0"));
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
