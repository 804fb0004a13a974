/**
 * The contactless reader as a step machine (EMV Contactless Books A, B, C-2, C-3, C-7): a state and
 * an event give a state and a step. No clock, no randomness, no I/O; card data never make it throw.
 */
import { parseResponse } from "../apdu.ts";
import { parseTransactionInput } from "../kernel/transaction.ts";
import type { TransactionInput } from "../kernel/transaction.ts";
import type { ContactlessConfiguration } from "./configuration.ts";
import { optionsAnswered, readNext, recordRead, startOptions } from "./initiate.ts";
import { checksumAnswered } from "./magstripe.ts";
import { cryptogramAnswered, decideMchip } from "./mchip.ts";
import { conclude, declined, endApplication, finish, presentCard } from "./outcome.ts";
import { decideQuick } from "./quick.ts";
import { askHost, askPin, noteAnswer } from "./request.ts";
import {
  applicationSelected,
  directorySelected,
  selectCandidate,
  startSelection,
} from "./selection.ts";
import { copyTap, enter, openTap } from "./state.ts";
import type { AnswerHandler, Tap, TapCardWait, TapPhase, TapSession, TapTurn } from "./state.ts";
import type { TapEvent, TapReason, TapStep } from "./steps.ts";

/** The reader's memory between two steps. Holds card data in clear: keep it in memory only. */
export type TapState = Readonly<TapSession>;
export type TapTurnTaken = { readonly state: TapState; readonly step: TapStep };

/** A card answering more often than this is broken or hostile. */
export const MOST_TAP_ANSWERS = 1000;

/**
 * Begins a transaction: pre-processing is done at once, then a card is asked for, or another
 * interface where no combination takes this amount. `configuration` comes from
 * `parseContactlessConfiguration`. Throws RangeError, naming fields but no values, on a malformed
 * transaction.
 */
export function startTap(
  configuration: ContactlessConfiguration,
  transaction: TransactionInput,
): TapTurnTaken {
  const parsed = parseTransactionInput(transaction);
  if (!parsed.ok) throw new RangeError(parsed.problems.join("; "));
  const session = openTap(configuration, parsed.transaction);
  const turn =
    session.offers.length > 0
      ? presentCard(session, "present-card")
      : conclude(session, { kind: "try-another-interface", reason: "limit-exceeded" });
  return taken(session, turn);
}

/**
 * The next step after an event. The state given stays as it was. After the end every event gets the
 * same `done` step; one that does not fit ends the transaction. Once the card has been read, cards
 * that come and go change nothing: the step before is said again.
 */
export function advanceTap(state: TapState, event: TapEvent): TapTurnTaken {
  if (state.step !== undefined) return { state, step: state.step };
  const session = copyTap(state);
  return taken(session, handle(session, event));
}

function taken(session: TapSession, first: TapTurn): TapTurnTaken {
  let turn = first;
  while (turn.type === "enter") turn = perform(session, turn.phase);
  session.said = turn;
  if (turn.type === "done") session.step = turn;
  return { state: session, step: turn };
}

function perform(session: TapSession, phase: TapPhase): TapTurn {
  const { tap } = session;
  if (phase === "directory") return startSelection(session);
  if (phase === "select") return selectCandidate(session);
  if (phase === "finish") return finish(session);
  // Behind selection there is an application, or a defect that must not be approved.
  if (tap === undefined) return endApplication(session, "card-error");
  switch (phase) {
    case "options":
      return startOptions(session, tap);
    case "records":
      return readNext(session, tap);
    case "decide": {
      const { kernel } = tap.candidate.offer.combination;
      return kernel === 3 || kernel === 7 ? decideQuick(session, tap) : decideMchip(session, tap);
    }
    case "pin":
      return askPin(session, tap);
    case "request":
      return askHost(session, tap);
  }
}

const ANSWERS: Readonly<Record<Exclude<TapCardWait, "select-directory">, AnswerHandler>> = {
  "select-application": applicationSelected,
  "processing-options": optionsAnswered,
  "read-record": recordRead,
  cryptogram: cryptogramAnswered,
  checksum: checksumAnswered,
};

function handle(session: TapSession, event: TapEvent): TapTurn {
  const { wait } = session;
  switch (event.type) {
    case "card-detected":
    case "several-cards":
    case "card-removed":
      return fieldChanged(session, event.type);
    case "response":
      return isCardWait(wait) ? answered(session, wait, event.apdu) : unexpected(session);
    case "pin-entered":
      return wait === "pin" ? enter("request") : unexpected(session);
    case "pin-bypassed":
      return wait === "pin" ? pinBypassed(session) : unexpected(session);
    case "online-answered":
      return wait === "host" ? hostAnswered(session, event.responseCode) : unexpected(session);
    case "unable-to-go-online":
      if (wait !== "host") return unexpected(session);
      session.requestOpen = false;
      return declined(session, "unable-to-go-online");
    case "pin-cancelled":
    case "cancelled":
      return interrupted(session, "cancelled");
    case "timed-out":
      return interrupted(session, "timed-out");
  }
}

function isCardWait(wait: TapSession["wait"]): wait is TapCardWait {
  return wait === "select-directory" || wait in ANSWERS;
}

/** Cards come, go, and come in twos (Book B §3.2). */
function fieldChanged(
  session: TapSession,
  change: "card-detected" | "several-cards" | "card-removed",
): TapTurn {
  const { wait } = session;
  const reading = isCardWait(wait);
  if (!reading && wait !== "card") {
    return session.said ?? endApplication(session, "unexpected-event");
  }
  switch (change) {
    case "card-detected":
      if (reading) return unexpected(session);
      session.attempts += 1;
      return enter("directory");
    case "several-cards":
      return reading
        ? conclude(session, { kind: "try-again", message: "present-one-card" })
        : presentCard(session, "present-one-card");
    case "card-removed":
      // Torn: the card is asked for again and begins anew (Book A: Try Again, Start B).
      return reading
        ? conclude(session, { kind: "try-again", reason: "card-removed" })
        : (session.said ?? presentCard(session, "present-card"));
  }
}

/** A caller's mistake must not leave money in doubt: the transaction ends here. */
function unexpected(session: TapSession): TapTurn {
  return interrupted(session, "unexpected-event");
}

function interrupted(session: TapSession, reason: TapReason): TapTurn {
  return endApplication(session, reason);
}

function answered(session: TapSession, wait: TapCardWait, apdu: Uint8Array): TapTurn {
  session.answers += 1;
  const response = parseResponse(apdu);
  if (response === undefined || session.answers > MOST_TAP_ANSWERS) {
    return endApplication(session, "card-error");
  }
  if (wait === "select-directory") return directorySelected(session, response);
  const { tap } = session;
  return tap === undefined ? unexpected(session) : ANSWERS[wait](session, tap, response);
}

/**
 * UnionPay's issuers decide without a PIN what they will take [U]; to the others the reader has
 * promised one, so the transaction ends.
 */
function pinBypassed(session: TapSession): TapTurn {
  const { tap } = session;
  if (tap === undefined || !takesBypass(tap)) return declined(session, "verification-failed");
  tap.cvm = "none";
  return enter("request");
}

function takesBypass(tap: Tap): boolean {
  return tap.candidate.offer.combination.kernel === 7;
}

/** The card is long gone: the host's word is final, its issuer data have nobody to go to. */
function hostAnswered(session: TapSession, responseCode: string): TapTurn {
  noteAnswer(session, responseCode);
  if (!session.hostApproved) return declined(session, "declined-by-host");
  return conclude(session, { kind: "approved" });
}
