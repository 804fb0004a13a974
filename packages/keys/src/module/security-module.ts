import { cardForms, type CardShapes } from "./card-shapes.ts";
import { dataForms, type DataShapes } from "./data-shapes.ts";
import { dukptForms, type DukptShapes } from "./dukpt-shapes.ts";
import type { FormsOf } from "./form.ts";
import { keyForms, type KeyShapes } from "./key-shapes.ts";
import { pinForms, type PinShapes } from "./pin-shapes.ts";

export type { Random } from "../random.ts";
export type { DukptState } from "./dukpt-shapes.ts";
export type { KeyBlock } from "./key-shapes.ts";

/**
 * What each command takes and gives. Text that stands for bytes is hex, uppercase in answers, any
 * case in commands.
 */
type Shapes = KeyShapes & DataShapes & PinShapes & CardShapes & DukptShapes;

/** The same as data. */
export const commandForms: FormsOf<Shapes> = {
  ...keyForms,
  ...dataForms,
  ...pinForms,
  ...cardForms,
  ...dukptForms,
};

export type CommandName = keyof Shapes;
export type CommandOf<N extends CommandName> = {
  [K in N]: { readonly do: K } & Shapes[K]["in"];
}[N];
export type Command = CommandOf<CommandName>;

/** What a command gives where it is done. */
export type Done<N extends CommandName> = { readonly ok: true } & Shapes[N]["out"];

/** Why a command is not done, in order of precedence: the first that applies is answered. */
export const refusals = [
  "malformed",
  "bad-key-block",
  "wrong-usage",
  "wrong-mode",
  "wrong-algorithm",
  "format-not-allowed",
  "unsupported-key",
  "not-exportable",
  "weaker-key",
  "weak-key",
  "wrong-kcv",
  "exhausted",
  "bad-pin-block",
  "bad-cipher",
] as const;

export type Refusal = (typeof refusals)[number];

/** The message names command, place and reason; never a key, a PIN or card data. */
export type Refused = {
  readonly ok: false;
  readonly refused: Refusal;
  readonly message: string;
};

export type Outcome<N extends CommandName> = Done<N> | Refused;
export type Answer<C extends Command> = Outcome<C["do"]>;
export type Answers<C extends readonly Command[]> = {
  [I in keyof C]: C[I] extends Command ? Answer<C[I]> : never;
};

/** Whether this names a command. */
export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(commandForms, text);
}

/**
 * Does cryptography with keys that only it can read. Callers keep all key blocks; what the module
 * holds beside its master key it could lose at any time. Refusals are values; a promise is rejected
 * only by a defect or a lost connection.
 */
export interface SecurityModule {
  run<const C extends Command>(command: C): Promise<Answer<C>>;
  /** All commands in their order; each has its own answer. */
  runAll<const C extends readonly Command[]>(commands: C): Promise<Answers<C>>;
}
