/**
 * A whole transaction in one call, for recorded or simulated cards: the kernel's steps are answered
 * by functions. Nothing here waits; a real terminal drives `advance` itself.
 */
import { fromHex, toHex } from "@tillway/bytes";
import type { KernelConfiguration } from "./configuration.ts";
import { advanceFull, startFullKernel } from "./machine.ts";
import type {
  AnyVerification,
  Candidate,
  CheckCardStep,
  FullKernelStep,
  KernelEvent,
  KernelOutcome,
  OfflinePinStep,
  OnlineRequest,
} from "./steps.ts";
import type { TransactionInput } from "./transaction.ts";

/** Who stands around the kernel. `undefined` from the card means that it is gone. */
export type Surroundings = {
  readonly card: (command: Uint8Array) => Uint8Array | undefined;
  /** Undefined leaves the choice undone: the transaction is cancelled. */
  readonly choose?: (candidates: readonly Candidate[]) => string | undefined;
  readonly pin?: "pin-entered" | "pin-bypassed" | "pin-cancelled";
  /** A PIN for the card; bypassed where absent or undefined. */
  readonly offlinePin?: (step: OfflinePinStep) => OfflinePin | undefined;
  /** The terminal's lists; empty where absent. */
  readonly checkCard?: (step: CheckCardStep) => {
    readonly onExceptionFile: boolean;
    readonly recentAmount?: string;
  };
  /** Undefined where no answer came. */
  readonly host?: (
    request: OnlineRequest<AnyVerification>,
  ) => { readonly responseCode: string; readonly issuerData: Uint8Array } | undefined;
};

/** A PIN block of format 2 and random padding; the kernel overwrites the block. */
export type OfflinePin = { readonly pin: Uint8Array; readonly padding: Uint8Array };

export type Rehearsal = {
  readonly outcome: KernelOutcome<AnyVerification>;
  readonly steps: readonly FullKernelStep[];
  /** Hex of every command sent, in order; of one that holds a PIN the header only. */
  readonly commands: readonly string[];
  readonly request?: OnlineRequest<AnyVerification>;
};

/** Plays a transaction to its end. Throws what `startFullKernel` throws. */
export function rehearse(
  configuration: KernelConfiguration,
  transaction: TransactionInput,
  around: Surroundings,
): Rehearsal {
  const steps: FullKernelStep[] = [];
  const commands: string[] = [];
  let request: OnlineRequest<AnyVerification> | undefined;
  let { state, step } = startFullKernel(configuration, transaction);
  for (;;) {
    steps.push(step);
    if (step.type === "transmit") {
      commands.push(toHex(step.secret === true ? step.apdu.slice(0, 4) : step.apdu));
    }
    if (step.type === "go-online") request = step.request;
    if (step.type === "done") {
      const { outcome } = step;
      return { outcome, steps, commands, ...(request === undefined ? {} : { request }) };
    }
    const event = answerTo(step, around);
    if (step.type === "transmit" && step.secret === true) step.apdu.fill(0);
    ({ state, step } = advanceFull(state, event));
  }
}

function answerTo(
  step: Exclude<FullKernelStep, { readonly type: "done" }>,
  around: Surroundings,
): KernelEvent {
  switch (step.type) {
    case "transmit": {
      const apdu = around.card(step.apdu);
      return apdu === undefined ? { type: "card-removed" } : { type: "response", apdu };
    }
    case "choose-application": {
      const aid = (around.choose ?? firstOf)(step.candidates);
      return aid === undefined ? { type: "cancelled" } : { type: "application-chosen", aid };
    }
    case "enter-online-pin":
      return { type: around.pin ?? "pin-entered" };
    case "enter-offline-pin": {
      const entered = around.offlinePin?.(step);
      return entered === undefined
        ? { type: "pin-bypassed" }
        : { type: "offline-pin-entered", ...entered };
    }
    case "check-card":
      return {
        type: "card-checked",
        ...(around.checkCard?.(step) ?? { onExceptionFile: false }),
      };
    case "go-online": {
      const answer = around.host?.(step.request);
      return answer === undefined
        ? { type: "unable-to-go-online" }
        : { type: "online-answered", ...answer };
    }
  }
}

function firstOf(candidates: readonly Candidate[]): string | undefined {
  return candidates[0]?.aid;
}

/** A recorded exchange: command and answer in hex. */
export type RecordedExchange = { readonly c: string; readonly r: string };

/** How a command was found in the record: not at all, by its header only, or byte for byte. */
export type Match = "missing" | "header" | "exact";

export type RecordedCard = {
  readonly answer: (command: Uint8Array) => Uint8Array;
  readonly matches: () => readonly { readonly command: string; readonly match: Match }[];
};

/** Commands whose data hold the terminal's own values and so may differ from the recorded ones. */
const LOOSE = ["0082", "0088", "80A8", "80AE", "00200088"];

/**
 * A card that answers as recorded: the next record of the command counts, else the last one before,
 * so that commands may come in another order. An expected length (Le) makes no difference. What is
 * not recorded gets 6A82.
 */
export function recordedCard(exchanges: readonly RecordedExchange[]): RecordedCard {
  const matches: { command: string; match: Match }[] = [];
  let at = 0;
  const find = (fits: (recorded: string) => boolean): number => {
    const ahead = exchanges.findIndex((entry, index) => index >= at && fits(entry.c));
    return ahead >= 0 ? ahead : exchanges.findLastIndex((entry) => fits(entry.c));
  };
  const answer = (command: Uint8Array): Uint8Array => {
    const sent = toHex(command);
    const exact = find((recorded) => sameCommand(recorded, sent));
    const header = LOOSE.find((start) => sent.startsWith(start));
    // Class, instruction and P1 must agree, of VERIFY P2 too: it says how the PIN comes.
    const same = header === undefined ? "" : sent.slice(0, Math.max(6, header.length));
    const loose = header === undefined ? -1 : find((recorded) => recorded.startsWith(same));
    const index = exact >= 0 ? exact : loose;
    const match = exact >= 0 ? "exact" : loose >= 0 ? "header" : "missing";
    matches.push({ command: sent, match });
    if (index >= 0) at = index + 1;
    return fromHex(exchanges[index]?.r ?? "6A82");
  };
  return { answer, matches: () => matches };
}

/** Equal but for a last byte 00 that only tells how long the answer may be. */
function sameCommand(recorded: string, sent: string): boolean {
  const bare = (text: string): string => {
    const data = Number.parseInt(text.slice(8, 10), 16) * 2;
    return text.length > 10 ? text.slice(0, 10 + data) : text;
  };
  return recorded === sent || (sent.length > 10 && bare(recorded) === bare(sent));
}
