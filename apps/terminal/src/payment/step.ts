/** A sale from the amount to its end: (state, event) gives (state, effects). No I/O, no clock. */
import { fromHex } from "@tillway/bytes";
import {
  advance,
  startKernel,
  type KernelEvent,
  type KernelOutcome,
  type KernelStep,
} from "@tillway/emv";
import type { Readiness, Verdict } from "../session/index.ts";
import { endedByCard, endedByHost, notReady, promptOf, refused, type Ending } from "./ending.ts";
import {
  busy,
  idle,
  type Effect,
  type Flow,
  type FlowEvent,
  type Sale,
  type Step,
} from "./flow.ts";

const stay = (flow: Flow): Step => ({ flow, effects: [] });

/** The next state. An event that does not fit the stage changes nothing. */
export function step(flow: Flow, event: FlowEvent): Step {
  switch (event.type) {
    case "sale":
      return busy(flow) ? stay(flow) : begin(flow, event.sale);
    case "prepared":
      return flow.stage === "preparing" ? prepared(flow, event) : stay(flow);
    case "inserted":
      return inserted({ ...flow, card: event.card });
    case "removed":
      return removed({ ...flow, card: null });
    case "cancelled":
      return cancelled(flow);
    case "no-card":
      return flow.stage === "card" ? end(flow, refused("no-card")) : stay(flow);
    case "card-answered":
      if (!waitsForCard(flow) || event.turn !== flow.turn) return stay(flow);
      return kernel(flow, { type: "response", apdu: event.apdu });
    case "card-failed":
      if (!waitsForCard(flow) || event.turn !== flow.turn) return stay(flow);
      return kernel(flow, { type: "card-removed" });
    case "pin-count":
      return stay(flow.stage === "pin" ? { ...flow, pinDigits: event.digits } : flow);
    case "pin-entered":
      if (flow.stage !== "pin") return stay(flow);
      return kernel({ ...flow, pin: event.pin }, { type: "pin-entered" });
    case "pin-cancelled":
      return flow.stage === "pin" ? kernel(flow, { type: "pin-cancelled" }) : stay(flow);
    case "pin-timed-out":
      return flow.stage === "pin" ? pinTimedOut(flow) : stay(flow);
    case "verdict":
      return flow.stage === "online" ? answered(flow, event.verdict) : stay(flow);
    case "undone":
      return flow.stage === "undoing" ? undone(flow, event.done) : stay(flow);
    case "failed":
      return failed(flow);
    case "dismissed":
      return flow.stage === "result" ? stay({ ...idle, card: flow.card }) : stay(flow);
  }
}

function begin(flow: Flow, sale: Sale): Step {
  return {
    flow: {
      ...idle,
      card: flow.card,
      turn: flow.turn,
      sale,
      stage: "preparing",
      prompt: "authorising",
    },
    effects: [{ do: "prepare" }],
  };
}

function prepared(
  flow: Flow,
  { readiness, batch }: { readonly readiness: Readiness; readonly batch: string },
): Step {
  if (readiness !== "ready" || !flow.sale) {
    return end(flow, readiness === "ready" ? refused("defect") : notReady(readiness));
  }
  const sale: Sale = { ...flow.sale, batch };
  const next: Flow = { ...flow, sale, stage: "card", prompt: "insert-card" };
  return next.card === null ? stay(next) : read(next);
}

function inserted(flow: Flow): Step {
  return flow.stage === "card" ? read(flow) : stay(flow);
}

/** A card is in the slot and may be spoken to. */
function read(flow: Flow): Step {
  if (!flow.sale) return stay(flow);
  const turn = startKernel(flow.sale.configuration, flow.sale.transaction);
  return kernelStep({ ...flow, kernel: turn.state, prompt: "reading-card" }, turn.step);
}

function waitsForCard(flow: Flow): boolean {
  return flow.stage === "reading" || flow.stage === "completing";
}

function removed(flow: Flow): Step {
  switch (flow.stage) {
    case "reading":
    case "completing":
      return kernel(flow, { type: "card-removed" });
    case "pin":
      return withEffects(kernel(flow, { type: "card-removed" }), [{ do: "close-pin" }]);
    case "online":
      // The host's answer is still to come, and only it tells what has to be undone.
      return stay({ ...flow, cardGone: true });
    case "remove":
      return stay({
        ...flow,
        stage: "result",
        prompt: flow.ending ? promptOf(flow.ending) : "ready",
      });
    case "idle":
    case "preparing":
    case "card":
    case "undoing":
    case "result":
      return stay(flow);
  }
}

function cancelled(flow: Flow): Step {
  switch (flow.stage) {
    case "preparing":
    case "card":
      return end(flow, refused("cancelled"));
    case "reading":
      return kernel(flow, { type: "cancelled" });
    case "pin":
      return withEffects(kernel(flow, { type: "pin-cancelled" }), [{ do: "close-pin" }]);
    // Once the host is asked, its answer is waited for.
    case "online":
    case "completing":
    case "undoing":
    case "idle":
    case "remove":
    case "result":
      return stay(flow);
  }
}

function pinTimedOut(flow: Flow): Step {
  if (!flow.kernel) return stay(flow);
  const turn = advance(flow.kernel, { type: "pin-cancelled" });
  return turn.step.type === "done"
    ? end({ ...flow, kernel: turn.state, outcome: turn.step.outcome }, refused("pin-timed-out"))
    : kernelStep({ ...flow, kernel: turn.state }, turn.step);
}

function kernel(flow: Flow, event: KernelEvent): Step {
  if (!flow.kernel) return stay(flow);
  const turn = advance(flow.kernel, event);
  return kernelStep({ ...flow, kernel: turn.state }, turn.step);
}

function kernelStep(flow: Flow, next: KernelStep): Step {
  switch (next.type) {
    case "transmit": {
      const turn = flow.turn + 1;
      const stage = flow.verdict ? "completing" : "reading";
      const prompt = flow.verdict ? "authorising" : "reading-card";
      return {
        flow: { ...flow, stage, prompt, turn },
        effects: [{ do: "transmit", apdu: next.apdu, turn }],
      };
    }
    case "choose-application": {
      // This device lets the card's own order decide; the kernel asks only for a confirmation.
      const [first] = next.candidates;
      if (!first) return kernel(flow, { type: "cancelled" });
      return kernel(flow, { type: "application-chosen", aid: first.aid });
    }
    case "enter-online-pin":
      return {
        flow: { ...flow, stage: "pin", prompt: "enter-pin", pinDigits: 0 },
        effects: [{ do: "ask-pin", pan: next.pan }],
      };
    case "go-online":
      if (!flow.sale) return stay(flow);
      return {
        flow: { ...flow, stage: "online", prompt: "authorising" },
        effects: [{ do: "authorise", sale: flow.sale, request: next.request, pin: flow.pin }],
      };
    case "done":
      return done({ ...flow, outcome: next.outcome }, next.outcome);
  }
}

/** The host's answer, or that there is none: the card is told, then it decides. */
function answered(flow: Flow, verdict: Verdict): Step {
  const told = kernel({ ...flow, verdict }, { type: "online-answered", ...saidToCard(verdict) });
  const gone = flow.cardGone === true && told.flow.stage === "completing";
  return gone ? kernel(told.flow, { type: "card-removed" }) : told;
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

/** The kernel is done: settle, undo, or just end. */
function done(flow: Flow, outcome: KernelOutcome): Step {
  const { sale, verdict } = flow;
  if (!sale || !verdict) return end(flow, endedByCard(outcome));
  switch (verdict.kind) {
    case "approved": {
      const { host } = verdict;
      if (outcome.result === "approved") {
        const settle: Effect = { do: "settle", id: sale.id, host };
        return end(flow, endedByHost(verdict, outcome, false), [settle]);
      }
      const data = outcome.data.reversal;
      return undo(flow, [{ do: "demand-reversal", id: sale.id, host, data }]);
    }
    case "refused":
    case "unknown":
      return undo(flow, []);
    case "declined":
    case "unsent":
      return end(flow, endedByHost(verdict, outcome, false));
  }
}

function undo(flow: Flow, effects: readonly Effect[]): Step {
  return {
    flow: { ...flow, stage: "undoing", prompt: "authorising" },
    effects: [...effects, { do: "undo" }],
  };
}

function undone(flow: Flow, finished: boolean): Step {
  const { verdict, outcome } = flow;
  if (!verdict || !outcome) return end(flow, refused("defect"));
  return end(flow, endedByHost(verdict, outcome, finished));
}

function failed(flow: Flow): Step {
  if (!busy(flow) || !flow.sale) return stay(flow);
  return end(flow, refused("defect"), [{ do: "close-pin" }, { do: "abandon", id: flow.sale.id }]);
}

function end(flow: Flow, ending: Ending, effects: readonly Effect[] = []): Step {
  const { sale, outcome, verdict, card, turn } = flow;
  if (!sale) return stay({ ...idle, card, turn });
  const host = verdict && "host" in verdict ? verdict.host : undefined;
  // Kernel, PIN block and card data go: what is kept cannot name a card.
  const kept: Flow = { ...idle, card, turn, sale, ending };
  return {
    flow:
      card === null
        ? { ...kept, stage: "result", prompt: promptOf(ending) }
        : { ...kept, stage: "remove", prompt: "remove-card" },
    effects: [...effects, { do: "conclude", sale, ending, host, outcome }],
  };
}

function withEffects({ flow, effects }: Step, first: readonly Effect[]): Step {
  return { flow, effects: [...first, ...effects] };
}
