/** The second half of a transaction: from what the card or the host decided to its end. */
import { fromHex } from "@tillway/bytes";
import type { AnyVerification, KernelOutcome, TapOutcome } from "@tillway/emv";
import type { Verdict } from "../session/index.ts";
import { chipFacts, offlineData, type CardFacts } from "./card.ts";
import {
  approvedOffline,
  endedByCard,
  endedByHost,
  promptOf,
  refused,
  type Ending,
} from "./ending.ts";
import { fateOf, identifies } from "./fate.ts";
import { idle, stay, type Effect, type Flow, type SignatureImage, type Step } from "./flow.ts";
import { tellReader, type Reader, type ReaderTurn } from "./reader.ts";

type CardOutcome = KernelOutcome<AnyVerification> | TapOutcome;

/** The card has ended, with or without the host. */
export function cardDone(before: Flow, outcome: CardOutcome, kind: Reader["kind"]): Step {
  const { payment, verdict } = before;
  if (!payment) return stay(before);
  const flow: Flow = { ...before, facts: factsOf(before, outcome, kind) };
  if (verdict) return settled(flow, verdict, outcome);
  const data = offlineData(kind, outcome);
  if (identifies(payment.type) && data && outcome.reason !== "cancelled") {
    const { reader: _, ...rest } = flow;
    return {
      flow: { ...rest, data, stage: "online", prompt: "authorising" },
      effects: [{ do: "authorise", payment, data, pin: undefined }],
    };
  }
  if (outcome.result === "approved" && payment.type === "sale" && data) {
    return end(flow, approvedOffline, [{ do: "keep-offline", payment, data }, { do: "attend" }]);
  }
  if ("outcome" in outcome && outcome.outcome === "try-another-interface") {
    const { reader: _, ...rest } = flow;
    const hint = refused("use-another-interface");
    return stay({ ...rest, stage: "card", prompt: "insert-or-swipe", hint });
  }
  const broken = kind === "chip" && outcome.reason === "card-error" && payment.fallback;
  if (broken) {
    const { reader: _, ...rest } = flow;
    const hint = refused("card-error");
    return stay({ ...rest, stage: "card", prompt: "swipe-card", chipFailed: true, hint });
  }
  return end(flow, endedByCard(outcome));
}

/** A card whose kernel was left, or had nothing to say, keeps what is known of it. */
function factsOf({ facts }: Flow, outcome: CardOutcome, kind: Reader["kind"]): CardFacts {
  const now = chipFacts(kind, outcome);
  return now.maskedPan === "" && facts ? facts : now;
}

/** The host's answer, or that there is none. A chip in the slot is told of it first. */
export function answered(
  flow: Flow,
  verdict: Verdict,
): Step | { readonly flow: Flow; readonly turn: ReaderTurn } {
  const next: Flow = { ...flow, verdict };
  if (!flow.reader) return settled(next, verdict, undefined);
  const turn = tellReader(flow.reader, { type: "online-answered", ...saidToCard(verdict) });
  return { flow: next, turn };
}

/**
 * What the card is told. Without a trusted answer it is told "unable to go online, declined" (Z3):
 * its own default must not approve what is being undone.
 */
function saidToCard(verdict: Verdict): { responseCode: string; issuerData: Uint8Array } {
  switch (verdict.kind) {
    case "approved":
    case "declined": {
      const { responseCode, issuerData } = verdict.host;
      return { responseCode, issuerData: fromHex(issuerData) };
    }
    case "refused":
    case "unknown":
    case "unsent":
      return { responseCode: "Z3", issuerData: new Uint8Array(0) };
  }
}

/** Host and card have spoken. `outcome`: the card's, where it was asked. */
function settled(flow: Flow, verdict: Verdict, outcome: CardOutcome | undefined): Step {
  const { payment } = flow;
  if (!payment) return stay(flow);
  const fate = fateOf(payment.type);
  const agrees = outcome === undefined || outcome.result === "approved";
  const scripts = scriptResult(flow, outcome);
  switch (verdict.kind) {
    case "approved":
      return agrees ? approved(flow, scripts) : disagreed(flow, outcome, scripts);
    case "refused":
    case "unknown":
      if (fate === "reversal") return follow(flow, scripts);
      return end(flow, endedByHost(verdict, { fate, agrees, undone: false, outcome }), [
        ...scripts,
        { do: "attend" },
      ]);
    case "declined":
    case "unsent":
      return end(flow, endedByHost(verdict, { fate, agrees, undone: false, outcome }), scripts);
  }
}

function approved(flow: Flow, scripts: readonly Effect[]): Step {
  const { payment, data, facts, verdict } = flow;
  if (!payment || !data || verdict?.kind !== "approved") return stay(flow);
  const { host } = verdict;
  switch (fateOf(payment.type)) {
    case "promise":
      return follow(flow, [...scripts, { do: "confirm", payment, data, host }]);
    case "advice":
      return end(flow, endedByHost(verdict, agreement(flow)), scripts);
    case "reversal":
    case "nothing": {
      const effects: Effect[] = [...scripts, { do: "settle", id: payment.id, host }];
      if (!wantsSignature(facts)) return end(flow, endedByHost(verdict, agreement(flow)), effects);
      return { flow: { ...flow, stage: "signature", prompt: "sign" }, effects };
    }
  }
}

const wantsSignature = (facts: CardFacts | undefined): boolean =>
  facts?.cvm === "signature" || facts?.cvm === "offline-pin-and-signature";

/** The host approved and the card did not, or is gone. */
function disagreed(flow: Flow, outcome: CardOutcome | undefined, scripts: readonly Effect[]): Step {
  const { payment, verdict } = flow;
  if (!payment || verdict?.kind !== "approved") return stay(flow);
  const { id } = payment;
  const fate = fateOf(payment.type);
  if (fate !== "reversal") {
    const ending = endedByHost(verdict, { fate, agrees: false, undone: true, outcome });
    return end(flow, ending, [...scripts, { do: "lapse", id }]);
  }
  const { host } = verdict;
  const data = outcome?.data.reversal ?? new Uint8Array(0);
  return follow(
    { ...flow, ending: endedByHost(verdict, { fate, agrees: false, undone: true, outcome }) },
    [...scripts, { do: "demand-reversal", id, host, data }],
  );
}

/** The notice of scripts that the card ran, where the issuer sent some. */
function scriptResult(flow: Flow, outcome: CardOutcome | undefined): Effect[] {
  const { payment, data, verdict } = flow;
  if (!outcome || !("scriptResults" in outcome) || outcome.scriptResults === undefined) return [];
  if (!payment || !data || !verdict || !("host" in verdict)) return [];
  const result = outcome.data.scriptNotice;
  return [{ do: "owe-script", payment, data, host: verdict.host, result }];
}

function follow(flow: Flow, effects: readonly Effect[]): Step {
  return {
    flow: { ...flow, stage: "following", prompt: "authorising" },
    effects: [...effects, { do: "follow" }],
  };
}

/** What had to follow is done, or will be tried again later. */
export function followed(flow: Flow, done: boolean): Step {
  const { verdict, ending } = flow;
  if (!verdict) return end(flow, refused("defect"));
  return end(flow, ending ?? endedByHost(verdict, { ...agreement(flow), undone: done }));
}

function agreement({ payment }: Flow) {
  const fate = payment ? fateOf(payment.type) : "nothing";
  return { fate, agrees: true, undone: false, outcome: undefined } as const;
}

/** Signed on the screen, or on paper where there is no picture. */
export function signed(flow: Flow, image: SignatureImage | undefined): Step {
  const { payment, verdict, facts } = flow;
  if (!payment || !facts || verdict?.kind !== "approved") return end(flow, refused("defect"));
  const { host } = verdict;
  const effects: Effect[] = image
    ? [{ do: "keep-signature", payment, host, facts, image }, { do: "attend" }]
    : [];
  return end(flow, endedByHost(verdict, agreement(flow)), effects);
}

export function end(flow: Flow, ending: Ending, effects: readonly Effect[] = []): Step {
  const { payment, facts, verdict, card, turn } = flow;
  if (!payment) return stay({ ...idle, card, turn });
  const host = verdict && "host" in verdict ? verdict.host : undefined;
  // Kernel, PIN block and card data go: what is kept cannot name a card.
  const { keyed: _, receiver: __, ...rest } = payment;
  const kept: Flow = { ...idle, card, turn, payment: rest, ending };
  return {
    flow:
      card === null
        ? { ...kept, stage: "result", prompt: promptOf(ending) }
        : { ...kept, stage: "remove", prompt: "remove-card" },
    effects: [...effects, { do: "conclude", payment: rest, ending, host, facts }],
  };
}
