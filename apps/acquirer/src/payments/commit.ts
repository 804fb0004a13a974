/**
 * What a batch of steps comes to: a pure function of the steps and of what the store found under its
 * locks, to results and to what is to be written. Every store decides with it.
 */
import { decideAcknowledge, decideClose, decideNote } from "./commit-close.ts";
import { decideOpen } from "./commit-open.ts";
import { decideReverse } from "./commit-reverse.ts";
import { nothing, type Deciding, type Found, type Writes } from "./found.ts";
import type {
  AcknowledgeStep,
  CloseStep,
  NoteStep,
  OpenStep,
  Result,
  ReverseStep,
  Step,
} from "./step.ts";

const stepsOf = <K extends Step["do"]>(steps: readonly Step[], kind: K) =>
  [...steps.entries()].filter(
    (entry): entry is [number, Extract<Step, { readonly do: K }>] => entry[1].do === kind,
  );

/**
 * Decides a batch. Reversals come last of what decides: an original of the same batch is already
 * there, as its answer left it.
 */
export function settle(
  steps: readonly Step[],
  found: Found,
): { readonly results: Result[]; readonly writes: Writes } {
  const deciding: Deciding = {
    found,
    writes: nothing(),
    standings: new Map(found.standings),
    uses: new Map(found.uses),
    opened: new Map(),
    scripts: new Set(),
    landed: new Set(found.landed),
    reversals: new Map(found.reversals),
    requests: new Map(found.requests),
  };
  const results: Result[] = steps.map(() => ({ do: "done" }));
  const each = <K extends Step["do"]>(
    kind: K,
    run: (step: Extract<Step, { readonly do: K }>) => Result,
  ): void => {
    for (const [at, step] of stepsOf(steps, kind)) results[at] = run(step);
  };
  each("open", (step: OpenStep) => ({ do: "open", result: decideOpen(step, deciding) }));
  each("close", (step: CloseStep) => ({ do: "close", result: decideClose(step, deciding) }));
  each("reverse", (step: ReverseStep) => ({
    do: "reverse",
    result: decideReverse(step, deciding),
  }));
  each("acknowledge", (step: AcknowledgeStep) => decideAcknowledge(step, deciding));
  each("note", (step: NoteStep) => decideNote(step, deciding));
  return { results, writes: deciding.writes };
}
