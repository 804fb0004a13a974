/** What the reader knows between two steps. */
import type { Response } from "../apdu.ts";
import { copySession, openSession } from "../kernel/state.ts";
import type { Session } from "../kernel/state.ts";
import type { TransactionInput } from "../kernel/transaction.ts";
import { kernelConfigurationOf } from "./configuration.ts";
import type { ContactlessConfiguration } from "./configuration.ts";
import type { UiMessage } from "./messages.ts";
import { preprocess } from "./preprocessing.ts";
import type { Offer } from "./preprocessing.ts";
import type {
  OutcomeKind,
  TapAuthentication,
  TapReason,
  TapStep,
  TapVerification,
} from "./steps.ts";

/** The commands whose answers the reader waits for. */
export type TapCardWait =
  | "select-directory"
  | "select-application"
  | "processing-options"
  | "read-record"
  | "cryptogram"
  | "checksum";

export type TapWait = TapCardWait | "start" | "card" | "pin" | "host" | "nothing";

export type TapPhase =
  | "directory"
  | "select"
  | "options"
  | "records"
  | "decide"
  | "pin"
  | "request"
  | "finish";

/** What a part says when it has done what it could. */
export type TapTurn = TapStep | { readonly type: "enter"; readonly phase: TapPhase };

/** One directory entry under one of the reader's combinations (Book B §3.3.2). */
export type TapCandidate = {
  readonly aid: string;
  readonly label: string;
  /** 1 is first; 0 where the card gives none, which is last. */
  readonly priority: number;
  readonly offer: Offer;
};

/** A kernel's outcome with what it says about itself. */
export type Verdict = {
  readonly kind: OutcomeKind;
  readonly reason?: TapReason;
  readonly message?: UiMessage;
  readonly alternateInterface?: "contact" | "any";
};

/** The application at work: `emv` is the memory the contact kernel's parts share. */
export type Tap = {
  readonly candidate: TapCandidate;
  readonly emv: Session;
  mode: "emv" | "magstripe";
  authentication: TapAuthentication;
  cvm: TapVerification;
  /** Digits with D as separator, as built in magnetic-stripe mode. */
  dynamicTrack2: string | undefined;
};

/**
 * The working state. `advanceTap` works on a copy of its own, so the phases may assign the fields;
 * arrays are replaced, never changed in place.
 */
export type TapSession = {
  readonly configuration: ContactlessConfiguration;
  readonly transaction: TransactionInput;
  readonly offers: readonly Offer[];
  wait: TapWait;
  step: (TapStep & { readonly type: "done" }) | undefined;
  /** The step to say again when something happens that does not matter. */
  said: TapStep | undefined;
  answers: number;
  /** How often a card was presented. */
  attempts: number;
  path: readonly OutcomeKind[];
  candidates: readonly TapCandidate[];
  tap: Tap | undefined;
  /** Why the application before was left; told where no other one serves. */
  left: TapReason | undefined;
  verdict: Verdict | undefined;
  hostAnswered: boolean;
  hostApproved: boolean;
  responseCode: string | undefined;
  requestOpen: boolean;
};

/** A transaction before its first step: pre-processing is done, no card has come. */
export function openTap(
  configuration: ContactlessConfiguration,
  transaction: TransactionInput,
): TapSession {
  return {
    configuration,
    transaction,
    offers: preprocess(configuration.combinations, transaction),
    wait: "start",
    step: undefined,
    said: undefined,
    answers: 0,
    attempts: 0,
    path: [],
    candidates: [],
    tap: undefined,
    left: undefined,
    verdict: undefined,
    hostAnswered: false,
    hostApproved: false,
    responseCode: undefined,
    requestOpen: false,
  };
}

/** A copy that shares nothing which is changed in place. */
export function copyTap(session: TapSession): TapSession {
  const { tap } = session;
  return { ...session, tap: tap && { ...tap, emv: copySession(tap.emv) } };
}

/** An application chosen: fresh data objects, nothing of an earlier application or attempt. */
export function openCandidate(session: TapSession, candidate: TapCandidate): Tap {
  const { combination } = candidate.offer;
  const configuration = kernelConfigurationOf(session.configuration, combination);
  const emv = openSession(configuration, session.transaction, false);
  const [application] = configuration.applications;
  if (application !== undefined) {
    const { aid, label, priority } = candidate;
    emv.selected = { aid, label, priority, confirmation: false, application };
  }
  return {
    candidate,
    emv,
    mode: "emv",
    authentication: { method: "none", result: "not-performed" },
    cvm: "none",
    dynamicTrack2: undefined,
  };
}

export function enter(phase: TapPhase): TapTurn {
  return { type: "enter", phase };
}

/** What a handler of a card's answer does. */
export type AnswerHandler = (session: TapSession, tap: Tap, response: Response) => TapTurn;
