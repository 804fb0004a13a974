/**
 * A whole contactless transaction in one call: the reader's steps are answered by functions.
 * Nothing here waits; a real terminal drives `advanceTap` itself.
 */
import { toHex } from "@tillway/bytes";
import type { TransactionInput } from "../kernel/transaction.ts";
import type { ContactlessConfiguration } from "./configuration.ts";
import { advanceTap, startTap } from "./machine.ts";
import type { TapEvent, TapOutcome, TapRequest, TapStep } from "./steps.ts";

/** Who stands around the reader. */
export type TapSurroundings = {
  /** What happens in the field when a card is asked for; one card comes where absent. */
  readonly field?: (presented: number) => TapEvent;
  /** `undefined` means that the card is gone. */
  readonly card: (command: Uint8Array) => Uint8Array | undefined;
  readonly pin?: "pin-entered" | "pin-bypassed" | "pin-cancelled";
  /** DE 39; undefined where no answer came. */
  readonly host?: (request: TapRequest) => string | undefined;
};

export type TapRehearsal = {
  readonly outcome: TapOutcome;
  readonly steps: readonly TapStep[];
  /** Hex of every command sent, in order. */
  readonly commands: readonly string[];
  readonly request?: TapRequest;
};

/** Plays a transaction to its end. Throws what `startTap` throws. */
export function rehearseTap(
  configuration: ContactlessConfiguration,
  transaction: TransactionInput,
  around: TapSurroundings,
): TapRehearsal {
  const steps: TapStep[] = [];
  const commands: string[] = [];
  let request: TapRequest | undefined;
  let presented = 0;
  let { state, step } = startTap(configuration, transaction);
  for (;;) {
    steps.push(step);
    if (step.type === "transmit") commands.push(toHex(step.apdu));
    if (step.type === "go-online") request = step.request;
    if (step.type === "present-card") presented += 1;
    if (step.type === "done") {
      const { outcome } = step;
      return { outcome, steps, commands, ...(request === undefined ? {} : { request }) };
    }
    ({ state, step } = advanceTap(state, answerTo(step, around, presented)));
  }
}

function answerTo(
  step: Exclude<TapStep, { readonly type: "done" }>,
  around: TapSurroundings,
  presented: number,
): TapEvent {
  switch (step.type) {
    case "present-card":
      return around.field?.(presented) ?? { type: "card-detected" };
    case "transmit": {
      const apdu = around.card(step.apdu);
      return apdu === undefined ? { type: "card-removed" } : { type: "response", apdu };
    }
    case "enter-online-pin":
      return { type: around.pin ?? "pin-entered" };
    case "go-online": {
      const responseCode = around.host?.(step.request);
      return responseCode === undefined
        ? { type: "unable-to-go-online" }
        : { type: "online-answered", responseCode, issuerData: new Uint8Array(0) };
    }
  }
}
