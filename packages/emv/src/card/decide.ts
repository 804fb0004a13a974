/** Card risk management: what the card knows of itself, and what it decides (Book 3 §10.8, §10.11). */
import type { CardFacts, CryptogramType } from "./iad.ts";
import type { AnyCardImage } from "./image.ts";
import { amountOf, limitsOf } from "./limits.ts";
import type { CardState } from "./state.ts";

type Values = ReadonlyMap<string, Uint8Array>;

/** What the card knows before it decides. `first` is filled in by the decision. */
export function factsOf(image: AnyCardImage, state: CardState, values: Values): CardFacts {
  const { lower, upper, amount } = limitsOf(image, state);
  const since = state.atc - state.lastOnlineAtc;
  const offlineAmount = BigInt(state.offlineAmount ?? "0");
  const spent = amount !== undefined && offlineAmount + amountOf(image, values) > amount;
  return {
    first: "AAC",
    issuerAuthentication: state.session.issuerAuthentication,
    pin: state.session.pin,
    pinTries: state.pinTries,
    unableToGoOnline: false,
    lastOnlineNotCompleted: state.lastOnlineNotCompleted,
    lastIssuerAuthenticationFailed: state.lastIssuerAuthenticationFailed,
    limitExceeded: since > lower || spent,
    upperLimitExceeded: since > upper || spent,
    newCard: state.lastOnlineAtc === 0,
    scripts: state.scripts,
    scriptFailed: state.scriptFailed,
    dynamicAuthentication: state.session.dynamicAuthentication,
    offlineAmount,
    // The transaction under way does not count yet.
    offlineCount: since - 1,
  };
}

/** Never above what the terminal asked for: a TC may become an ARQC or AAC, an ARQC an AAC. */
export function decideFirst(
  asked: CryptogramType,
  state: CardState,
  facts: CardFacts,
): CryptogramType {
  if (asked === "AAC" || state.applicationBlocked) return "AAC";
  const wantsIssuer =
    facts.newCard ||
    facts.limitExceeded ||
    facts.lastOnlineNotCompleted ||
    facts.lastIssuerAuthenticationFailed ||
    facts.pinTries === 0;
  return asked === "TC" && !wantsIssuer ? "TC" : "ARQC";
}

/** After the issuer's answer, or without one. */
export function decideSecond(
  image: AnyCardImage,
  state: CardState,
  asked: "AAC" | "TC",
  facts: CardFacts,
): "AAC" | "TC" {
  if (asked === "AAC" || state.applicationBlocked) return "AAC";
  const { issuerAuthentication, issuerApproves } = state.session;
  switch (issuerAuthentication) {
    case "failed":
      return "AAC";
    case "passed":
      return issuerApproves ? "TC" : "AAC";
    case "none": {
      if (facts.unableToGoOnline) {
        return facts.newCard || facts.upperLimitExceeded ? "AAC" : "TC";
      }
      return image.profile.issuerAuthentication.required ? "AAC" : "TC";
    }
  }
}

/** What the end of an online transaction leaves for the next one. */
export function completed(image: AnyCardImage, state: CardState, unable: boolean): CardState {
  if (state.session.issuerAuthentication === "failed") {
    return { ...state, lastOnlineNotCompleted: false, lastIssuerAuthenticationFailed: true };
  }
  const heard = state.session.issuerAuthentication === "passed";
  if (!heard && (unable || image.profile.issuerAuthentication.required)) return state;
  const { offlineAmount: _, ...kept } = state;
  return {
    ...kept,
    lastOnlineAtc: state.atc,
    lastOnlineNotCompleted: false,
    lastIssuerAuthenticationFailed: false,
    scripts: 0,
    scriptFailed: false,
  };
}

/** An approval without the issuer adds to what was spent so; only the card's own currency counts. */
export function spent(image: AnyCardImage, state: CardState, values: Values): CardState {
  const amount = amountOf(image, values);
  if (amount === 0n || image.profile.offlineLimits.amount === undefined) return state;
  return { ...state, offlineAmount: `${BigInt(state.offlineAmount ?? "0") + amount}` };
}
