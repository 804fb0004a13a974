import { parseArgs } from "node:util";
import { CommandError } from "./output.ts";

/** The flags of one command: whether each takes a value, and what it means. */
export type Flags = Readonly<
  Record<string, { readonly takes?: string; readonly meaning: string; readonly many?: boolean }>
>;

export type Given = {
  readonly value: (name: string) => string | undefined;
  readonly values: (name: string) => readonly string[];
  readonly has: (name: string) => boolean;
  readonly rest: readonly string[];
};

/** Flags that every command has. */
export const everyFlag: Flags = {
  json: { meaning: "print one JSON document" },
  help: { meaning: "print this" },
  data: { takes: "FOLDER", meaning: "the data folder (TILLWAY_DATA, default .tillway)" },
};

/** Reads the words behind a command. Throws CommandError with one sentence where they do not fit. */
export function readArguments(words: readonly string[], flags: Flags): Given {
  const options = Object.fromEntries(
    Object.entries({ ...everyFlag, ...flags }).map(([name, flag]) => [
      name,
      {
        type: flag.takes ? ("string" as const) : ("boolean" as const),
        multiple: flag.many ?? false,
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options,
      allowPositionals: true,
    });
    const all = (name: string): readonly string[] => {
      const found = values[name];
      const list = Array.isArray(found) ? found : [found];
      return list.filter((one) => typeof one === "string");
    };
    return {
      value: (name) => all(name)[0],
      values: all,
      has: (name) => values[name] === true,
      rest: positionals,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message.split("\n")[0] : "";
    throw new CommandError(`${message ?? "these words do not fit"} (see --help)`);
  }
}
