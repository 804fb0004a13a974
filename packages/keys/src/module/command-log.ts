import type { CommandName, Refusal } from "./security-module.ts";
import type { KeyUsage } from "./usage.ts";

/** A key as a log may name it. */
export type UsedKey = {
  readonly usage: KeyUsage;
  /** Its check value; empty for an HMAC key, which has none. */
  readonly kcv: string;
};

/** What is told of a command that was run: nothing of it that would have to be kept secret. */
export type CommandRecord = {
  readonly command: CommandName | "unknown";
  /** Each key that could be opened, by the property that carried it. */
  readonly keys: Readonly<Record<string, UsedKey>>;
  /** Check value of a key that was made, brought in or carried out; absent for others. */
  readonly kcv?: string;
  /** `invalid`: done, and what was to be verified is not right. */
  readonly outcome: "done" | "invalid" | Refusal;
  /** Time taken in the unit of the clock; absent without one. */
  readonly duration?: number;
};

/**
 * A command as a line: `translate-pin from=P0:08D7B4FB to=P0:7A3C1F02 done`,
 * `generate-key done 8CA64DE9`.
 */
export function commandLine({ command, keys, outcome, kcv }: CommandRecord): string {
  const named = Object.entries(keys).map(([place, { usage, kcv }]) =>
    kcv === "" ? `${place}=${usage}` : `${place}=${usage}:${kcv}`,
  );
  return [command, ...named, outcome, ...(kcv === undefined ? [] : [kcv])].join(" ");
}

/**
 * An `onCommand` that gathers what is done in one go: a batch costs one entry of a log. `write`
 * gets the lines in their order, at the end of the microtask that made them.
 */
export function gatherCommands(
  write: (lines: readonly string[]) => void,
): (record: CommandRecord) => void {
  let lines: string[] = [];
  return (record) => {
    lines.push(commandLine(record));
    if (lines.length > 1) return;
    queueMicrotask(() => {
      const all = lines;
      lines = [];
      write(all);
    });
  };
}
