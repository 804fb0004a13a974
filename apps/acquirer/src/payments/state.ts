/**
 * The life of a sale as a pure machine: (state, event) → state and effects. Everything that decides
 * about money decides here; the rest of the room carries the effects out in one commit.
 */

/** `none`: never heard of. `tombstone`: its reversal came first. `reversing`: not acknowledged yet. */
export const states = [
  "none",
  "tombstone",
  "in-flight",
  "approved",
  "declined",
  "reversing",
  "reversed",
] as const;
export type State = (typeof states)[number];

export const events = [
  /** The terminal asks for a sale. */
  "sale",
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
  /** The network acknowledged the reversal advice. */
  "acknowledged",
] as const;
export type Event = (typeof events)[number];

export type Effect =
  /** Write it down with its lease and send it to the network. */
  | "forward"
  /** Answer what is stored, or wait for it. */
  | "answer-stored"
  /** Post the sale: network receivable, merchant payable, fee. */
  | "post"
  /** Post the opposite of the sale. */
  | "undo"
  /** Store a reversal advice that is sent until the network acknowledges it. */
  | "advise"
  /** Remember the key, so that the original is refused when it comes. */
  | "bury"
  /** Keep what was heard; nothing else changes. */
  | "record"
  /** Answer that the key is not usable any more. */
  | "refuse"
  /** Answer the reversal: it is done. */
  | "accept";

export type Decision = { readonly state: State; readonly effects: readonly Effect[] };

const to = (state: State, ...effects: readonly Effect[]): Decision => ({ state, effects });

/** Events that cannot reach a state: the rows of each cell say why they may be ignored. */
const recorded = (state: State): Record<Event, Decision> => ({
  sale: to(state, "answer-stored"),
  approved: to(state, "record"),
  declined: to(state, "record"),
  silent: to(state, "record"),
  unreachable: to(state, "record"),
  expired: to(state, "record"),
  reversal: to(state, "accept"),
  acknowledged: to(state, "record"),
});

const table: Readonly<Record<State, Readonly<Record<Event, Decision>>>> = {
  none: {
    ...recorded("none"),
    sale: to("in-flight", "forward"),
    reversal: to("tombstone", "bury", "accept"),
  },
  tombstone: { ...recorded("tombstone"), sale: to("tombstone", "refuse") },
  "in-flight": {
    ...recorded("in-flight"),
    approved: to("approved", "post"),
    declined: to("declined"),
    silent: to("reversing", "advise"),
    unreachable: to("declined"),
    expired: to("reversing", "advise"),
    reversal: to("reversing", "advise", "accept"),
  },
  approved: {
    ...recorded("approved"),
    reversal: to("reversing", "undo", "advise", "accept"),
  },
  // The network said no under a valid MAC: there is nothing to undo anywhere.
  declined: recorded("declined"),
  // A late approval needs no second advice: the one that is stored undoes it.
  reversing: { ...recorded("reversing"), acknowledged: to("reversed", "record") },
  reversed: recorded("reversed"),
};

/** What an event does to a sale in a state. Total: every pair has its answer. */
export function decide(state: State, event: Event): Decision {
  return table[state][event];
}

/** The whole machine as a Markdown table, for README.md; a test keeps the two the same. */
export function machineTable(): string {
  const head = `| state | ${events.join(" | ")} |`;
  const line = `|---|${events.map(() => "---").join("|")}|`;
  const rows = states.map((state) => {
    const cells = events.map((event) => {
      const { state: next, effects } = decide(state, event);
      const done = effects.join(", ");
      return next === state ? done : [`→ ${next}`, done].filter(Boolean).join(": ");
    });
    return `| **${state}** | ${cells.join(" | ")} |`;
  });
  return [head, line, ...rows].join("\n");
}

/** Reads a state from the database. Throws where it is none. */
export function stateOf(text: string): State {
  const found = states.find((state) => state === text);
  if (!found) throw new Error("a transaction is in an unknown state");
  return found;
}
