/** A simulation's report: what came of a plan and, where a rule was broken, the smallest plan that breaks it. */
import type { Plan } from "./plan.ts";
import { run, type Outcome } from "./run.ts";
import { shrink } from "./shrink.ts";
import type { Hands } from "./system.ts";

export type Report = Omit<Outcome, "met" | "trace"> & {
  /** Of the shrunk plan, where a rule was broken. */
  readonly plan?: Plan;
  readonly trace?: readonly string[];
};

/** How many smaller plans are tried. */
const TRIES = 150;

/** A plan as it was met, where it breaks the rule that this outcome broke first. */
const breaks = (outcome: Outcome, hands: Hands) => {
  const rule = outcome.violations[0]?.rule;
  return async (plan: Plan): Promise<Plan | undefined> => {
    const { violations, met } = await run(plan, hands);
    return violations.some((one) => one.rule === rule) ? met : undefined;
  };
};

export async function report(
  plan: Plan,
  say: (line: string) => void,
  hands: Hands = {},
): Promise<Report> {
  const { met, trace, ...outcome } = await run(plan, hands);
  if (outcome.violations.length === 0) {
    return process.env["TILLWAY_SIMULATION_TRACE"] === "1" ? { ...outcome, trace } : outcome;
  }
  say(`seed ${plan.seed} breaks a rule: making its plan smaller`);
  const small = await shrink(met, breaks({ met, trace, ...outcome }, hands), TRIES);
  const last = await run(small, hands);
  return { ...outcome, plan: small, trace: last.trace };
}
