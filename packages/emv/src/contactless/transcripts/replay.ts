/** Plays a recorded card to the reader and tells what came of it. */
import { fromHex, toHex } from "@tillway/bytes";
import { recordedCard } from "../../kernel/rehearsal.ts";
import type { Match, RecordedExchange } from "../../kernel/rehearsal.ts";
import type { TransactionInput } from "../../kernel/transaction.ts";
import type { ContactlessConfiguration } from "../configuration.ts";
import { advanceTap, startTap } from "../machine.ts";
import type { Tap } from "../state.ts";
import type { TapEvent, TapOutcome, TapRequest, TapStep } from "../steps.ts";

export type Replay = {
  readonly outcome: TapOutcome;
  readonly request?: TapRequest;
  /** The application as it stood at the end. */
  readonly tap?: Tap;
  readonly matches: readonly Match[];
  /** The last answer of the card, without its status word. */
  readonly last: Uint8Array;
};

/** COMPUTE CRYPTOGRAPHIC CHECKSUM: its data hold the terminal's own number. */
const CHECKSUM = "802A8E80";

/** Plays to the end: a PIN is entered where asked for, the host approves. */
export function replay(
  configuration: ContactlessConfiguration,
  transaction: TransactionInput,
  apdus: readonly RecordedExchange[],
): Replay {
  const card = recordedCard(apdus);
  let request: TapRequest | undefined;
  let tap: Tap | undefined;
  let last = new Uint8Array(0);
  const answer = (step: TapStep): TapEvent => {
    switch (step.type) {
      case "present-card":
        return { type: "card-detected" };
      case "transmit": {
        const apdu = leftOut(apdus, step.apdu)
          ? EMPTY_RECORD
          : card.answer(asRecorded(apdus, step.apdu));
        last = apdu.slice(0, -2);
        return { type: "response", apdu };
      }
      case "enter-online-pin":
        return { type: "pin-entered" };
      case "go-online":
        request = step.request;
        return { type: "online-answered", responseCode: "00", issuerData: new Uint8Array(0) };
      case "done":
        return { type: "cancelled" };
    }
  };
  let turn = startTap(configuration, transaction);
  while (turn.step.type !== "done") {
    turn = advanceTap(turn.state, answer(turn.step));
    tap = turn.state.tap ?? tap;
  }
  return {
    outcome: turn.step.outcome,
    ...(request === undefined ? {} : { request }),
    ...(tap === undefined ? {} : { tap }),
    matches: card.matches().map(({ match }) => match),
    last,
  };
}

/**
 * One published transcript leaves out a record that its AFL lists and does not sign. It is played
 * as empty: whatever the reader needed of it would be missed.
 */
const EMPTY_RECORD = fromHex("70009000");
const READ_RECORD = "00B2";

function leftOut(apdus: readonly RecordedExchange[], command: Uint8Array): boolean {
  const sent = toHex(command);
  const file = sent.slice(6, 8);
  const place = sent.slice(0, 8);
  if (!sent.startsWith(READ_RECORD) || apdus.some((entry) => entry.c.startsWith(place))) {
    return false;
  }
  return apdus.some((entry) => entry.c.startsWith(READ_RECORD) && entry.c.slice(6, 8) === file);
}

function asRecorded(apdus: readonly RecordedExchange[], command: Uint8Array): Uint8Array {
  const sent = toHex(command);
  const recorded = sent.startsWith(CHECKSUM)
    ? apdus.find((entry) => entry.c.startsWith(CHECKSUM))
    : undefined;
  return recorded === undefined ? command : fromHex(recorded.c);
}
