/** What is needed of Node's `process`. */
export type Stoppable = {
  on(signal: "SIGTERM" | "SIGINT", heard: () => void): unknown;
  readonly stdin: {
    on(event: "end" | "close" | "error", heard: () => void): unknown;
    resume(): unknown;
  };
};

/**
 * Resolves when a process is asked to stop: by a signal or, with the flag `--with-parent`, because
 * its standard input ends, as it does when its parent is gone. Later requests change nothing.
 */
export function askedToStop(own: Stoppable, flags: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) own.on(signal, () => resolve());
    if (!flags.includes("--with-parent")) return;
    for (const event of ["end", "close", "error"] as const) own.stdin.on(event, () => resolve());
    own.stdin.resume();
  });
}
