/** How a transaction can end. */
import type { AnyVerification, KernelOutcome, TapOutcome } from "@tillway/emv";
import type { Readiness, Verdict } from "../session/index.ts";
import type { Cause } from "./causes.ts";
import type { Fate } from "./fate.ts";
import type { Prompt } from "./screen.ts";

export type Outcome = "approved" | "declined" | "timed-out" | "reversed" | "refused";

/**
 * `responseCode`: the host's DE 39, Y1 or Z1 where the card itself approved or declined, otherwise
 * empty.
 */
export type Ending = {
  readonly outcome: Outcome;
  readonly responseCode: string;
  readonly cause: Cause;
};

/** Nothing was sent: it ended at the till. */
export function refused(cause: Cause): Ending {
  return { outcome: "refused", responseCode: "", cause };
}

/** Why no payment can begin. */
export function notReady(readiness: Exclude<Readiness, "ready">): Ending {
  return refused(readiness);
}

/** The card approved without the host, which hears of it later. */
export const approvedOffline: Ending = {
  outcome: "approved",
  responseCode: "Y1",
  cause: "approved-offline",
};

type CardOutcome = KernelOutcome<AnyVerification> | TapOutcome;

/** The end of a payment whose request was never sent, from what the kernel says. */
export function endedByCard({ reason }: CardOutcome): Ending {
  const byCard: Ending = { outcome: "declined", responseCode: "Z1", cause: "declined-by-card" };
  // An approval of what must go online.
  if (reason === undefined) return byCard;
  switch (reason) {
    case "cancelled":
    case "card-removed":
    case "no-application":
    case "card-error":
    case "see-phone":
    case "use-another-interface":
      return refused(reason);
    case "timed-out":
      return refused("no-card");
    case "blocked":
      return refused("card-blocked");
    case "limit-exceeded":
      return refused("use-another-interface");
    case "declined-offline":
    case "declined-by-card":
    case "declined-by-host":
    case "not-accepted":
    case "unable-to-go-online":
    case "authentication-failed":
    case "verification-failed":
    case "expired":
      return byCard;
    case "unexpected-event":
      return refused("defect");
  }
}

/** What is known beside the host's verdict when a transaction ends. */
export type Known = {
  readonly fate: Fate;
  /** Whether the card went along with an approval. */
  readonly agrees: boolean;
  /** Whether what had to be undone is undone. */
  readonly undone: boolean;
  readonly outcome: CardOutcome | undefined;
};

/** The end of a payment that was sent, or tried to be. */
export function endedByHost(verdict: Verdict, known: Known): Ending {
  switch (verdict.kind) {
    case "approved":
      if (known.agrees) return { outcome: "approved", ...said(verdict) };
      return {
        outcome: "declined",
        responseCode: "Z1",
        cause: known.outcome?.reason === "card-removed" ? "card-removed" : "declined-by-card",
      };
    case "declined":
      return { outcome: "declined", ...said(verdict) };
    case "refused":
      return { outcome: "refused", ...said(verdict) };
    case "unknown":
      return unanswered(known, verdict.reason === "A0");
    case "unsent":
      return refused("not-connected");
  }
}

function unanswered({ fate, undone }: Known, unproved: boolean): Ending {
  const timedOut = { outcome: "timed-out", responseCode: "" } as const;
  switch (fate) {
    case "reversal": {
      const cause = unproved ? "not-proved" : "no-answer";
      return undone ? { ...timedOut, outcome: "reversed", cause } : { ...timedOut, cause };
    }
    case "advice":
      return { ...timedOut, cause: "will-repeat" };
    case "promise":
      return { ...timedOut, cause: "not-promised" };
    case "nothing":
      return { ...timedOut, cause: "not-told" };
  }
}

function said(verdict: Extract<Verdict, { host: unknown }>): {
  responseCode: string;
  cause: "host";
} {
  return { responseCode: verdict.host.responseCode, cause: "host" };
}

/** The prompt under which an ending is shown. */
export function promptOf(ending: Ending): Prompt {
  switch (ending.outcome) {
    case "approved":
      return "approved";
    case "declined":
      return ending.responseCode === "55" ? "wrong-pin" : "declined";
    case "timed-out":
      return "timed-out";
    case "reversed":
      return "reversed";
    case "refused":
      return refusedPrompt(ending.cause);
  }
}

function refusedPrompt(cause: Cause): Prompt {
  switch (cause) {
    case "card-removed":
    case "card-error":
      return "try-again";
    case "no-application":
    case "card-blocked":
      return "use-another-card";
    case "use-chip":
      return "use-chip";
    case "see-phone":
      return "see-phone";
    case "several-cards":
      return "present-one-card";
    case "use-another-interface":
      return "insert-or-swipe";
    case "tampered":
    case "not-connected":
    case "not-signed-in":
    case "reversal-pending":
    case "batch-closing":
      return "not-connected";
    case "host":
    case "declined-by-card":
      return "declined";
    case "cancelled":
    case "no-card":
    case "pin-timed-out":
    case "no-answer":
    case "not-proved":
    case "will-repeat":
    case "not-promised":
    case "not-told":
    case "approved-offline":
    case "defect":
      return "cancelled";
  }
}
