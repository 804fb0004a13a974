import type { Flags, Given } from "../arguments.ts";
import type { Ending } from "../output.ts";

/** What a command gets beside its own words. */
export type Surroundings = {
  readonly data: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** One command of `tillway`. */
export type Command = {
  readonly words: string;
  readonly meaning: string;
  readonly flags: Flags;
  readonly run: (given: Given, around: Surroundings) => Promise<Ending>;
};
