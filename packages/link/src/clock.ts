/** Ends a timer that has not run yet; without effect afterwards. */
export type Cancel = () => void;

/** Time as the edge of the system gives it: a real clock in production, a virtual one in simulation. */
export type Clock = {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Runs something once, `ms` milliseconds from now. */
  readonly after: (ms: number, run: () => void) => Cancel;
};
