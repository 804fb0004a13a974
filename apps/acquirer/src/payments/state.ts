/**
 * The life of a transaction as a pure machine: (life, state, event) → state and effects. Everything
 * that decides about money decides here or in `follow.ts` and `limits.ts`; the rest of the room
 * carries the effects out in one commit.
 */
import { catalogue, type TransactionName } from "@tillway/transactions";

/**
 * `payment`: reversed where its outcome is unknown. `promise`: asked again under the same key.
 * `inquiry`: nothing moves. `advice`: done when it is written down, forwarded until acknowledged.
 */
export const lives = ["payment", "promise", "inquiry", "advice"] as const;
export type Life = (typeof lives)[number];

/** Which life a type leads, by what the catalogue says of its undoing. */
export function lifeOf(name: TransactionName): Life {
  const { undo, network } = catalogue[name];
  if (undo === "reversal") return "payment";
  if (undo === "never") return "inquiry";
  return network?.mti === "0220" ? "advice" : "promise";
}

/**
 * `none`: never heard of. `tombstone`: its reversal came first. `unanswered`: a promise whose answer
 * is not known. `advised`, `reversing`: the network has not acknowledged it yet.
 */
export const states = [
  "none",
  "tombstone",
  "in-flight",
  "unanswered",
  "advised",
  "approved",
  "declined",
  "reversing",
  "reversed",
] as const;
export type State = (typeof states)[number];

export const events = [
  /** The terminal asks for it. */
  "request",
  /** It was written down and must not be done: original, remaining amount or limits forbid it. */
  "turned-away",
  /** The network approved it, under a valid MAC. */
  "approved",
  /** The network declined it, under a valid MAC. */
  "declined",
  /** It was sent and no usable answer came: time-out, lost link, wrong MAC. */
  "silent",
  /** It was never sent. */
  "unreachable",
  /** The lease of its owner is over: the owner died while it waited. */
  "expired",
  /** The terminal asks to undo it. */
  "reversal",
  /** The same, but something that stands follows it: a void, a refund, a completion, a tip. */
  "reversal-followed",
  /** The network acknowledged the advice. */
  "acknowledged",
  /** The network refused the advice for good. */
  "refused",
] as const;
export type Event = (typeof events)[number];

export type Effect =
  /** Write it down with its lease and send it to the network. */
  | "forward"
  /** Store it as an advice that is sent until the network acknowledges it. */
  | "hand-on"
  /** Take what it needs of its original and of the limits. */
  | "take"
  /** Give back what it took. */
  | "free"
  /** Answer what is stored, or wait for it. */
  | "answer-stored"
  /** Post it (ledger/postings.ts). */
  | "post"
  /** Post the opposite. */
  | "undo"
  /** Store a reversal advice that is sent until the network acknowledges it. */
  | "advise"
  /** Remember the key, so that the original is refused when it comes. */
  | "bury"
  /** Keep what was heard; nothing else changes. */
  | "record"
  /** Answer that it is not possible. */
  | "refuse"
  /** Answer the reversal: it is done. */
  | "accept";

export type Decision = { readonly state: State; readonly effects: readonly Effect[] };
type Row = Readonly<Record<Event, Decision>>;

const to = (state: State, ...effects: readonly Effect[]): Decision => ({ state, effects });

/** What every state does with an event that cannot change it any more. */
const settled = (state: State): Row => ({
  request: to(state, "answer-stored"),
  "turned-away": to(state, "record"),
  approved: to(state, "record"),
  declined: to(state, "record"),
  silent: to(state, "record"),
  unreachable: to(state, "record"),
  expired: to(state, "record"),
  reversal: to(state, "accept"),
  "reversal-followed": to(state, "refuse"),
  acknowledged: to(state, "record"),
  refused: to(state, "record"),
});

/** Of a life that is never reversed: what is there stays as it is. */
const kept = (state: State): Row => ({ ...settled(state), reversal: to(state, "refuse") });

const none: Row = {
  ...settled("none"),
  request: to("in-flight", "take", "forward"),
  "turned-away": to("declined"),
  reversal: to("tombstone", "bury", "accept"),
};
const tombstone: Row = { ...settled("tombstone"), request: to("tombstone", "refuse") };
const flight = settled("in-flight");
const decided: Row = {
  ...flight,
  approved: to("approved", "post"),
  declined: to("declined", "free"),
};

const table: Readonly<Record<Life, Readonly<Record<State, Row>>>> = {
  payment: {
    none,
    tombstone,
    "in-flight": {
      ...decided,
      silent: to("reversing", "advise"),
      unreachable: to("declined", "free"),
      expired: to("reversing", "advise"),
      reversal: to("reversing", "advise", "accept"),
    },
    unanswered: settled("unanswered"),
    advised: settled("advised"),
    approved: { ...settled("approved"), reversal: to("reversing", "undo", "advise", "accept") },
    // The network said no under a valid MAC: there is nothing to undo anywhere.
    declined: settled("declined"),
    // A late approval needs no second advice: the one that is stored undoes it.
    reversing: { ...settled("reversing"), acknowledged: to("reversed", "free", "record") },
    reversed: settled("reversed"),
  },
  promise: {
    none,
    tombstone,
    "in-flight": {
      ...decided,
      reversal: to("in-flight", "refuse"),
      silent: to("unanswered"),
      // An earlier attempt may have arrived.
      unreachable: to("unanswered"),
      expired: to("unanswered"),
    },
    unanswered: { ...kept("unanswered"), request: to("in-flight", "forward") },
    advised: kept("advised"),
    approved: kept("approved"),
    declined: kept("declined"),
    reversing: kept("reversing"),
    reversed: kept("reversed"),
  },
  inquiry: {
    none,
    tombstone,
    "in-flight": {
      ...decided,
      approved: to("approved"),
      reversal: to("in-flight", "refuse"),
      silent: to("declined", "free"),
      unreachable: to("declined", "free"),
      expired: to("declined", "free"),
    },
    unanswered: kept("unanswered"),
    advised: kept("advised"),
    approved: kept("approved"),
    declined: kept("declined"),
    reversing: kept("reversing"),
    reversed: kept("reversed"),
  },
  advice: {
    none: { ...none, request: to("advised", "take", "post", "hand-on") },
    tombstone,
    "in-flight": kept("in-flight"),
    unanswered: kept("unanswered"),
    advised: {
      ...kept("advised"),
      acknowledged: to("approved", "record"),
      // What the network does not do must not stand in the books either.
      refused: to("declined", "undo", "free", "record"),
    },
    approved: kept("approved"),
    declined: kept("declined"),
    reversing: kept("reversing"),
    reversed: kept("reversed"),
  },
};

/** What an event does to a transaction in a state. Total: every triple has its answer. */
export function decide(life: Life, state: State, event: Event): Decision {
  return table[life][state][event];
}

/** States that a life can be in. */
export function reachable(life: Life): readonly State[] {
  const seen = new Set<State>(["none"]);
  for (const state of seen) {
    for (const event of events) seen.add(decide(life, state, event).state);
  }
  return states.filter((state) => seen.has(state));
}

/** Whether a transaction in this state counts: for books, totals, limits and what follows it. */
export function stands(state: State): boolean {
  return state === "approved" || state === "advised";
}

/** One life as a Markdown table, for docs/transactions.md; a test keeps the two the same. */
export function machineTable(life: Life): string {
  const rows = reachable(life).map((state) => {
    const cells = events.map((event) => {
      const { state: next, effects } = decide(life, state, event);
      const done = effects.join(", ");
      return next === state ? done : [`→ ${next}`, done].filter(Boolean).join(": ");
    });
    return `| **${state}** | ${cells.join(" | ")} |`;
  });
  const head = `| state | ${events.join(" | ")} |`;
  return [head, `|---|${events.map(() => "---").join("|")}|`, ...rows].join("\n");
}

/** Reads a state from the database. Throws where it is none. */
export function stateOf(text: string): State {
  const found = states.find((state) => state === text);
  if (!found) throw new Error("a transaction is in an unknown state");
  return found;
}
