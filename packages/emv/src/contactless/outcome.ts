/** Outcome processing of the entry point (Book A §6, Book B §3.5): what each outcome leads to. */
import { fromAscii, toHex } from "@tillway/bytes";
import { followingData, panOf, psnOf } from "../kernel/fields.ts";
import { tsiOf, tvrOf } from "../kernel/state.ts";
import { uiRequest } from "./messages.ts";
import type { UiMessage, UiRequest, UiStatus } from "./messages.ts";
import { enter } from "./state.ts";
import type { Tap, TapSession, TapTurn, Verdict } from "./state.ts";
import { entryModeOf, withoutPin } from "./request.ts";
import type { TapOutcome, TapReason, TapStep } from "./steps.ts";

/** A card that must be presented again and again is not worth the cardholder's patience. */
export const MOST_ATTEMPTS = 5;

const NOTHING = new Uint8Array(0);

/** Takes a kernel's outcome: the transaction goes on, begins again, or ends. */
export function conclude(session: TapSession, verdict: Verdict): TapTurn {
  session.path = [...session.path, verdict.kind];
  switch (verdict.kind) {
    case "online-request":
      return enter(session.tap?.cvm === "online-pin" ? "pin" : "request");
    case "select-next": {
      const used = session.tap?.candidate;
      session.candidates = session.candidates.filter((entry) => entry !== used);
      session.tap = undefined;
      session.left = verdict.reason;
      return enter("select");
    }
    case "try-again":
      return session.attempts >= MOST_ATTEMPTS
        ? conclude(session, { kind: "end-application", reason: verdict.reason ?? "card-error" })
        : presentCard(session, verdict.message ?? "present-again");
    case "approved":
    case "declined":
    case "try-another-interface":
    case "end-application":
      session.verdict = verdict;
      return enter("finish");
  }
}

/** The card is wrong or does what no correct card does. */
export function endApplication(session: TapSession, reason: TapReason): TapTurn {
  return conclude(session, { kind: "end-application", reason });
}

export function declined(session: TapSession, reason: TapReason): TapTurn {
  return conclude(session, { kind: "declined", reason });
}

/** Contactless will not do, the chip's contacts may (Book A: alternate interface preference). */
export function useContact(session: TapSession): TapTurn {
  return conclude(session, {
    kind: "try-another-interface",
    reason: "use-another-interface",
    message: "insert-card",
    alternateInterface: "contact",
  });
}

/** Start B: the field is switched on and a card asked for (Book B §3.2). */
export function presentCard(session: TapSession, message: UiMessage): TapStep {
  session.wait = "card";
  session.tap = undefined;
  session.left = undefined;
  session.candidates = [];
  const { amount, currency } = session.transaction;
  const collided = message === "present-one-card";
  const value = { kind: "amount", amount, currency } as const;
  const status: UiStatus = collided ? "processing-error" : "ready-to-read";
  return { type: "present-card", ui: uiRequest(message, status, collided ? {} : { value }) };
}

/** The last step: what the terminal shows, prints and may have to send. */
export function finish(session: TapSession): TapStep & { readonly type: "done" } {
  const verdict = session.verdict ?? { kind: "end-application", reason: "card-error" };
  const outcome = kindOf(verdict.kind);
  const { tap } = session;
  const result =
    outcome === "approved" ? "approved" : outcome === "declined" ? "declined" : "terminated";
  const alternate = verdict.alternateInterface ?? (result === "terminated" ? "any" : undefined);
  session.wait = "nothing";
  if (tap !== undefined && !session.hostAnswered) noteOwnCode(tap, result, verdict.reason);
  return {
    type: "done",
    outcome: {
      outcome,
      result,
      ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
      path: session.path,
      ui: closingUi(verdict, outcome, tap),
      ...(alternate === undefined ? {} : { alternateInterface: alternate }),
      online: session.hostAnswered,
      ...(session.responseCode === undefined ? {} : { responseCode: session.responseCode }),
      reversalRequired: session.requestOpen,
      ...(tap === undefined ? WITHOUT_CARD : cardPart(tap)),
    },
  };
}

/** Tag 8A of what the terminal decided without the host (Book 4 Annex A6), for advices. */
function noteOwnCode(tap: Tap, result: TapOutcome["result"], reason: TapReason | undefined): void {
  const { emv } = tap;
  if (emv.cryptogram === undefined || result === "terminated") return;
  const unable = reason === "unable-to-go-online";
  emv.terminal.set("8A", fromAscii(result === "approved" ? "Y1" : unable ? "Z3" : "Z1"));
}

/** The others are dealt with in `conclude` and never come here. */
function kindOf(kind: Verdict["kind"]): TapOutcome["outcome"] {
  switch (kind) {
    case "approved":
    case "declined":
    case "try-another-interface":
      return kind;
    case "end-application":
    case "online-request":
    case "select-next":
    case "try-again":
      return "end-application";
  }
}

type CardPart = Pick<
  TapOutcome,
  "authentication" | "tvr" | "tsi" | "cvm" | "noPinNoSignature" | "entryMode" | "data"
> &
  Partial<TapOutcome>;

const WITHOUT_CARD: CardPart = {
  authentication: { method: "none", result: "not-performed" },
  tvr: "0000000000",
  tsi: "0000",
  cvm: "none",
  noPinNoSignature: false,
  entryMode: "072",
  data: { reversal: NOTHING, scriptNotice: NOTHING, advice: NOTHING },
};

function cardPart(tap: Tap): CardPart {
  const { emv, candidate } = tap;
  const pan = panOf(emv);
  const psn = psnOf(emv);
  const available = emv.card.get("9F5D");
  const magstripe = tap.mode === "magstripe";
  return {
    authentication: tap.authentication,
    tvr: toHex(tvrOf(emv)),
    tsi: toHex(tsiOf(emv)),
    cvm: tap.cvm,
    noPinNoSignature: withoutPin(tap),
    entryMode: entryModeOf(tap),
    kernel: candidate.offer.combination.kernel,
    mode: tap.mode,
    aid: candidate.aid,
    label: candidate.label,
    ...(emv.cryptogram === undefined ? {} : { cryptogram: emv.cryptogram }),
    ...(pan === "" ? {} : { pan }),
    ...(psn === undefined ? {} : { psn }),
    ...(available?.length === 6 && /^\d+$/.test(toHex(available))
      ? { availableOffline: BigInt(toHex(available)).toString() }
      : {}),
    data: magstripe ? WITHOUT_CARD.data : followingData(emv),
  };
}

/** What the reader shows at the end (Book A table 8-1, Book B §3.5.1). */
function closingUi(
  verdict: Verdict,
  outcome: TapOutcome["outcome"],
  tap: Tap | undefined,
): UiRequest {
  const languages = tap && languagesOf(tap);
  const more = languages === undefined ? {} : { languages };
  switch (outcome) {
    case "approved": {
      const message = tap?.cvm === "signature" ? "approved-sign" : "approved";
      return uiRequest(message, "card-read-successfully", more);
    }
    case "declined":
      return uiRequest("not-authorised", "card-read-successfully", more);
    case "try-another-interface":
      return uiRequest(verdict.message ?? "insert-or-swipe", "processing-error", more);
    case "end-application": {
      const quiet = verdict.reason === "cancelled" || verdict.reason === "timed-out";
      const message = quiet ? "no-message" : "try-another-card";
      return uiRequest(verdict.message ?? message, quiet ? "not-ready" : "processing-error", more);
    }
  }
}

/** Tag 5F2D: up to four codes of two letters. */
export function languagesOf(tap: Tap): string | undefined {
  const bytes = tap.emv.card.get("5F2D");
  const text = bytes === undefined ? "" : String.fromCharCode(...bytes);
  return /^([a-z]{2}){1,4}$/.test(text) ? text : undefined;
}
