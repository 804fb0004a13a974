/** A transaction from its order to its end: (state, event) gives (state, effects). No I/O, no clock. */
import { catalogue } from "@tillway/transactions";
import { keyedData, plainFacts, chipData } from "./card.ts";
import { notReady, promptOf, refused } from "./ending.ts";
import { identifies } from "./fate.ts";
import { answered, cardDone, end, followed, signed } from "./finish.ts";
import {
  busy,
  idle,
  stay,
  withEffects,
  type Flow,
  type FlowEvent,
  type Payment,
  type Step,
} from "./flow.ts";
import {
  startReader,
  tellChip,
  tellField,
  tellReader,
  type ReaderTurn,
  type SharedEvent,
} from "./reader.ts";
import type { Prompt } from "./screen.ts";
import { isDomestic, readStripe, stripeData, stripeRule, stripeWantsPin } from "./stripe.ts";

/** The next state. An event that does not fit the stage changes nothing. */
export function step(flow: Flow, event: FlowEvent): Step {
  switch (event.type) {
    case "begin":
      return busy(flow) ? stay(flow) : begin(flow, event.payment);
    case "prepared":
      return flow.stage === "preparing" ? prepared(flow, event) : stay(flow);
    case "inserted":
      return inserted({ ...flow, card: event.card });
    case "tapped":
      return tapped(flow, event.cards);
    case "swiped":
      return flow.stage === "card" ? swiped(flow, event.track) : stay(flow);
    case "removed":
      return removed({ ...flow, card: null });
    case "cancelled":
      return cancelled(flow);
    case "no-card":
      return flow.stage === "card" ? end(flow, flow.hint ?? refused("no-card")) : stay(flow);
    case "card-answered":
      if (!waitsForCard(flow) || event.turn !== flow.turn) return stay(flow);
      return tell(flow, { type: "response", apdu: event.apdu });
    case "card-failed":
      if (!waitsForCard(flow) || event.turn !== flow.turn) return stay(flow);
      return cardFailed(flow);
    case "pin-count":
      return stay(flow.stage === "pin" ? { ...flow, pinDigits: event.digits } : flow);
    case "pin-entered":
    case "offline-pin-entered":
    case "pin-cancelled":
    case "pin-timed-out":
      return flow.stage === "pin" ? atPin(flow, event) : stay(flow);
    case "verdict":
      return flow.stage === "online" ? told(answered(flow, event.verdict)) : stay(flow);
    case "followed":
      return flow.stage === "following" ? followed(flow, event.done) : stay(flow);
    case "signed":
      return flow.stage === "signature" ? signed(flow, event.image) : stay(flow);
    case "signs-on-paper":
      return flow.stage === "signature" ? signed(flow, undefined) : stay(flow);
    case "failed":
      return failed(flow);
    case "dismissed":
      return flow.stage === "result"
        ? stay({ ...idle, card: flow.card, turn: flow.turn })
        : stay(flow);
  }
}

function begin(flow: Flow, payment: Payment): Step {
  const { card, turn } = flow;
  return {
    flow: { ...idle, card, turn, payment, stage: "preparing", prompt: "authorising" },
    effects: [{ do: "prepare" }],
  };
}

function prepared(
  flow: Flow,
  { readiness, batch }: Extract<FlowEvent, { readonly type: "prepared" }>,
): Step {
  if (!flow.payment) return stay(flow);
  if (readiness !== "ready") return end(flow, notReady(readiness));
  const payment: Payment = { ...flow.payment, batch };
  const next: Flow = { ...flow, payment, stage: "card", prompt: "insert-card" };
  const { keyed } = payment;
  if (keyed) {
    const data = keyedData(keyed);
    const wanted = keyed.from === "keyed" && isDomestic(keyed.pan);
    return withoutChip({ ...next, data }, wanted, "none");
  }
  if (next.card !== null) return read(next);
  const field = startReader("tap", payment);
  if (field.step.type !== "present-card") return stay(next);
  return stay({ ...next, reader: field.reader, prompt: "present-card" });
}

function inserted(flow: Flow): Step {
  return flow.stage === "card" ? read(flow) : stay(flow);
}

/** A card is in the slot and may be spoken to. */
function read(flow: Flow): Step {
  if (!flow.payment) return stay(flow);
  const { hint: _, ...rest } = flow;
  return readerStep(rest, startReader("chip", flow.payment));
}

function tapped(flow: Flow, cards: number): Step {
  const { reader } = flow;
  if (flow.stage !== "card" || reader?.kind !== "tap") return stay(flow);
  return readerStep(
    flow,
    tellField(reader, { type: cards === 1 ? "card-detected" : "several-cards" }),
  );
}

function swiped(flow: Flow, track: string): Step {
  if (!flow.payment) return stay(flow);
  const stripe = readStripe(track);
  if (!stripe) return again(flow, "try-again", "card-error");
  const rule = stripeRule(stripe, flow.payment, flow.chipFailed === true);
  if (rule === "use-chip") return again(flow, "use-chip", "use-chip");
  const { reader: _, ...rest } = flow;
  const data = stripeData(stripe, rule === "fallback");
  return withoutChip({ ...rest, data }, stripeWantsPin(stripe), "signature");
}

/** Another card, or the same one in another way. */
function again(flow: Flow, prompt: Prompt, cause: Parameters<typeof refused>[0]): Step {
  return stay({ ...flow, stage: "card", prompt, hint: refused(cause) });
}

/** The card's number is known and its chip is not asked: a PIN where wanted, then the host. */
function withoutChip(flow: Flow, wantsPin: boolean, otherwise: "signature" | "none"): Step {
  const { payment, data } = flow;
  if (!payment || !data) return stay(flow);
  const verified = catalogue[payment.type].pin && !identifies(payment.type);
  if (verified && wantsPin) {
    return {
      flow: { ...flow, stage: "pin", prompt: "enter-pin", facts: plainFacts(data, "online-pin") },
      effects: [{ do: "ask-pin", pan: data.pan }],
    };
  }
  return authorise({ ...flow, facts: plainFacts(data, verified ? otherwise : "none") });
}

function authorise(flow: Flow): Step {
  const { payment, data, pin } = flow;
  if (!payment || !data) return stay(flow);
  return {
    flow: { ...flow, stage: "online", prompt: "authorising" },
    effects: [{ do: "authorise", payment, data, pin }],
  };
}

function waitsForCard(flow: Flow): boolean {
  return flow.stage === "reading" || flow.stage === "completing";
}

/** A card that is still in the slot and does not answer has a broken chip, or none. */
function cardFailed(flow: Flow): Step {
  const dead = flow.stage === "reading" && flow.reader?.kind === "chip" && flow.card !== null;
  if (!dead) return tell(flow, { type: "card-removed" });
  if (flow.payment?.fallback === true) {
    const { reader: _, ...rest } = flow;
    return again({ ...rest, chipFailed: true }, "swipe-card", "card-error");
  }
  return end(flow, refused("card-error"));
}

function removed(flow: Flow): Step {
  switch (flow.stage) {
    case "reading":
    case "completing":
      return flow.reader?.kind === "chip" ? tell(flow, { type: "card-removed" }) : stay(flow);
    case "pin":
      if (flow.reader?.kind !== "chip") return stay(flow);
      return withEffects(tell(flow, { type: "card-removed" }), [{ do: "close-pin" }]);
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
    case "following":
    case "signature":
    case "result":
      return stay(flow);
  }
}

function cancelled(flow: Flow): Step {
  switch (flow.stage) {
    case "preparing":
      return end(flow, refused("cancelled"));
    case "card":
      return end(flow, flow.hint ?? refused("cancelled"));
    case "reading":
      return tell(flow, { type: "cancelled" });
    case "pin":
      return withEffects(atPin(flow, { type: "pin-cancelled" }), [{ do: "close-pin" }]);
    case "signature":
      return signed(flow, undefined);
    // Once the host is asked, its answer is waited for.
    case "online":
    case "completing":
    case "following":
    case "idle":
    case "remove":
    case "result":
      return stay(flow);
  }
}

type PinEvent = Extract<
  FlowEvent,
  {
    readonly type: "pin-entered" | "offline-pin-entered" | "pin-cancelled" | "pin-timed-out";
  }
>;

function atPin(flow: Flow, event: PinEvent): Step {
  const { reader } = flow;
  switch (event.type) {
    case "pin-entered": {
      const next = { ...flow, pin: event.pin };
      return reader ? tell(next, { type: "pin-entered" }) : authorise(next);
    }
    case "offline-pin-entered":
      if (reader?.kind === "chip") return readerStep(flow, tellChip(reader, event));
      event.pin.fill(0);
      return stay(flow);
    case "pin-cancelled":
      return reader ? tell(flow, { type: "pin-cancelled" }) : end(flow, refused("cancelled"));
    case "pin-timed-out": {
      if (!reader) return end(flow, refused("pin-timed-out"));
      const turn = tellReader(reader, { type: "pin-cancelled" });
      const next = { ...flow, reader: turn.reader };
      return turn.step.type === "done"
        ? end(next, refused("pin-timed-out"))
        : readerStep(next, turn);
    }
  }
}

function tell(flow: Flow, event: SharedEvent): Step {
  return flow.reader ? readerStep(flow, tellReader(flow.reader, event)) : stay(flow);
}

/** What comes of the host's answer: a card in the slot is told of it and may go on. */
function told(next: Step | { readonly flow: Flow; readonly turn: ReaderTurn }): Step {
  if ("effects" in next) return next;
  const then = readerStep(next.flow, next.turn);
  const gone = next.flow.cardGone === true && then.flow.stage === "completing";
  return gone ? tell(then.flow, { type: "card-removed" }) : then;
}

function readerStep(before: Flow, { reader, step: next }: ReaderTurn): Step {
  const flow: Flow = { ...before, reader };
  const { payment } = flow;
  if (!payment) return stay(flow);
  const wantsPin = catalogue[payment.type].pin && !identifies(payment.type);
  switch (next.type) {
    case "transmit": {
      const turn = flow.turn + 1;
      const stage = flow.verdict ? "completing" : "reading";
      const prompt = flow.verdict ? "authorising" : "reading-card";
      const secret = "secret" in next;
      return {
        flow: { ...flow, stage, prompt, turn },
        effects: [{ do: "transmit", apdu: next.apdu, turn, secret }],
      };
    }
    case "choose-application": {
      // This device lets the card's own order decide; the kernel asks only for a confirmation.
      const [first] = next.candidates;
      if (!first || reader.kind !== "chip") return tell(flow, { type: "cancelled" });
      return readerStep(flow, tellChip(reader, { type: "application-chosen", aid: first.aid }));
    }
    case "check-card":
      if (reader.kind !== "chip") return stay(flow);
      return readerStep(flow, tellChip(reader, { type: "card-checked", onExceptionFile: false }));
    case "enter-online-pin":
      if (!wantsPin) return tell(flow, { type: "pin-bypassed" });
      return {
        flow: { ...flow, stage: "pin", prompt: "enter-pin", pinDigits: 0 },
        effects: [{ do: "ask-pin", pan: next.pan }],
      };
    case "enter-offline-pin":
      if (!wantsPin) return tell(flow, { type: "pin-bypassed" });
      return {
        flow: {
          ...flow,
          stage: "pin",
          prompt: next.wrong ? "wrong-pin" : "enter-pin",
          pinDigits: 0,
        },
        effects: [{ do: "ask-offline-pin", padding: next.padding }],
      };
    case "present-card":
      return fieldWaits(flow, next.ui.message);
    case "go-online":
      return online({ ...flow, data: chipData(reader.kind, next.request) }, next.request.cvm);
    case "done":
      return cardDone(flow, next.outcome, reader.kind);
  }
}

function online(flow: Flow, cvm: Parameters<typeof plainFacts>[1]): Step {
  const { payment, data } = flow;
  if (!payment || !data) return stay(flow);
  const facts = plainFacts(data, cvm);
  if (!identifies(payment.type)) return authorise({ ...flow, facts });
  // Only its number was wanted: the card is left where it is.
  const { reader: _, ...rest } = flow;
  return authorise({ ...rest, facts: { ...facts, cvm: "none" } });
}

/** The reader asks for a card again: two were there, a phone is locked, one was torn away. */
function fieldWaits(flow: Flow, message: string): Step {
  switch (message) {
    case "present-one-card":
      return again(flow, "present-one-card", "several-cards");
    case "see-phone":
      return again(flow, "see-phone", "see-phone");
    case "present-again":
      return again(flow, "tap-again", "card-removed");
    default:
      return again(flow, "present-card", "card-error");
  }
}

function failed(flow: Flow): Step {
  if (!busy(flow) || !flow.payment) return stay(flow);
  return end(flow, refused("defect"), [
    { do: "close-pin" },
    { do: "abandon", id: flow.payment.id },
  ]);
}
