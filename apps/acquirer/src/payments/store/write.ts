/** One commit of a lane: steps of every kind, in an order in which each finds what it needs. */
import type { Sql } from "@tillway/database";
import type {
  AcknowledgeStep,
  CloseStep,
  NoteStep,
  OpenStep,
  Result,
  ReverseStep,
  Step,
} from "../step.ts";
import { append, nothing } from "./append.ts";
import { close } from "./close.ts";
import { acknowledge, note } from "./follow.ts";
import { open } from "./open.ts";
import { reverse } from "./reverse.ts";

/** Sets a result for each step of one kind, at the step's place in the batch. */
function place<R>(
  all: (Result | undefined)[],
  found: readonly { readonly at: number }[],
  results: readonly R[],
  as: (result: R) => Result,
): void {
  for (const [index, { at }] of found.entries()) {
    const result = results[index];
    if (result !== undefined) all[at] = as(result);
  }
}

/**
 * Writes a batch inside the caller's transaction and gives each step its result. Reversals come
 * last of what decides: an original of the same batch is already there, and its events with it.
 */
export async function writeSteps(sql: Sql, steps: readonly Step[]): Promise<Result[]> {
  const opens: { at: number; step: OpenStep }[] = [];
  const closes: { at: number; step: CloseStep }[] = [];
  const reverses: { at: number; step: ReverseStep }[] = [];
  const acknowledges: AcknowledgeStep[] = [];
  const notes: NoteStep[] = [];
  for (const [at, step] of steps.entries()) {
    switch (step.do) {
      case "open":
        opens.push({ at, step });
        break;
      case "close":
        closes.push({ at, step });
        break;
      case "reverse":
        reverses.push({ at, step });
        break;
      case "acknowledge":
        acknowledges.push(step);
        break;
      case "note":
        notes.push(step);
        break;
    }
  }
  const all: (Result | undefined)[] = steps.map(() => undefined);
  const first = nothing();
  const opened = await open(
    sql,
    opens.map(({ step }) => step),
    first,
  );
  place(all, opens, opened, (result) => ({ do: "open", result }));
  const closed = await close(
    sql,
    closes.map(({ step }) => step),
    first,
  );
  place(all, closes, closed, (result) => ({ do: "close", result }));
  await append(sql, first);
  const second = nothing();
  const reversed = await reverse(
    sql,
    reverses.map(({ step }) => step),
    second,
  );
  place(all, reverses, reversed, (result) => ({ do: "reverse", result }));
  await acknowledge(sql, acknowledges, second);
  await note(sql, notes, second);
  await append(sql, second);
  return all.map((result) => result ?? { do: "done" });
}
