/** The states, events and effects of a sale from the amount to its end. */
import type {
  KernelConfiguration,
  KernelOutcome,
  KernelState,
  OnlineRequest,
  TransactionInput,
} from "@tillway/emv";
import type { HostWords, Readiness, Verdict } from "../session/index.ts";
import type { Ending } from "./ending.ts";
import type { Prompt } from "./screen.ts";

export type Sale = {
  readonly id: string;
  readonly stan: string;
  readonly batch: string;
  /** Minor units, decimal digits, and the currency's letters. */
  readonly amount: string;
  readonly currency: string;
  readonly configuration: KernelConfiguration;
  readonly transaction: TransactionInput;
};

/** An encrypted PIN with the generation of the key that it is under. */
export type PinBlock = { readonly block: string; readonly generation: number };

export type Stage =
  | "idle"
  | "preparing"
  | "card"
  | "reading"
  | "pin"
  | "online"
  | "completing"
  | "undoing"
  | "remove"
  | "result";

/** Holds card data in clear while a payment runs: memory only, never logged. */
export type Flow = {
  readonly stage: Stage;
  readonly prompt: Prompt;
  readonly card: string | null;
  readonly pinDigits: number;
  /** Counts the commands to the card, so that an answer that comes too late is known as such. */
  readonly turn: number;
  readonly sale?: Sale;
  readonly kernel?: KernelState;
  readonly pin?: PinBlock;
  /** The card left while the host was asked. */
  readonly cardGone?: boolean;
  readonly verdict?: Verdict;
  readonly outcome?: KernelOutcome;
  readonly ending?: Ending;
};

export type FlowEvent =
  | { readonly type: "sale"; readonly sale: Sale }
  /** `batch`: the one that is open after a sign-in, if there was one. */
  | { readonly type: "prepared"; readonly readiness: Readiness; readonly batch: string }
  | { readonly type: "inserted"; readonly card: string }
  | { readonly type: "removed" | "cancelled" | "no-card" | "dismissed" }
  | { readonly type: "card-answered"; readonly turn: number; readonly apdu: Uint8Array }
  | { readonly type: "card-failed"; readonly turn: number }
  | { readonly type: "pin-count"; readonly digits: number }
  | { readonly type: "pin-entered"; readonly pin: PinBlock }
  | { readonly type: "pin-cancelled" | "pin-timed-out" }
  | { readonly type: "verdict"; readonly verdict: Verdict }
  | { readonly type: "undone"; readonly done: boolean }
  | { readonly type: "failed" };

export type Effect =
  | { readonly do: "prepare" }
  | { readonly do: "transmit"; readonly apdu: Uint8Array; readonly turn: number }
  | { readonly do: "ask-pin"; readonly pan: string }
  | { readonly do: "close-pin" }
  | {
      readonly do: "authorise";
      readonly sale: Sale;
      readonly request: OnlineRequest;
      readonly pin: PinBlock | undefined;
    }
  | { readonly do: "settle"; readonly id: string; readonly host: HostWords }
  | {
      readonly do: "demand-reversal";
      readonly id: string;
      readonly host: HostWords;
      /** DE 55 of the reversal. */
      readonly data: Uint8Array;
    }
  /** Something broke: what may have been sent is to be undone. */
  | { readonly do: "abandon"; readonly id: string }
  | { readonly do: "undo" }
  | {
      readonly do: "conclude";
      readonly sale: Sale;
      readonly ending: Ending;
      readonly host: HostWords | undefined;
      readonly outcome: KernelOutcome | undefined;
    };

export type Step = { readonly flow: Flow; readonly effects: readonly Effect[] };

export const idle: Flow = {
  stage: "idle",
  prompt: "ready",
  card: null,
  pinDigits: 0,
  turn: 0,
};

/** Whether a payment runs: another one cannot begin. */
export function busy(flow: Flow): boolean {
  return flow.stage !== "idle" && flow.stage !== "remove" && flow.stage !== "result";
}
