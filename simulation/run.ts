/** Runs one plan from its beginning to the rest that follows the end of all faults. */
import { createHash } from "node:crypto";
import { openSystem, type Hands, type System } from "./system.ts";
import type { Plan } from "./plan.ts";
import { checkAgreement } from "./watch/agreement.ts";
import type { Books } from "./watch/books.ts";
import type { Violation } from "./watch/watch.ts";

export type Outcome = {
  readonly seed: number;
  readonly transactions: number;
  readonly faults: string;
  readonly events: number;
  readonly violations: readonly Violation[];
  /** Of the books and journals of all parties at rest. */
  readonly stateHash: string;
  /** Of the money alone: every journal of acquirer and bank, whatever form their stores have. */
  readonly booksHash: string;
  readonly printed: Readonly<Record<string, number>>;
  /** The same plan with every fault that took place written out. */
  readonly met: Plan;
  readonly trace: readonly string[];
};

/** Virtual time that the cashiers may need for one order, and that all may need to come to rest. */
const ORDER_MS = 240_000;
const REST_MS = 1_800_000;
/** How often the rest is looked for. */
const LOOK_MS = 1000;

/** Runs a plan. The same plan always gives the same outcome. */
export async function run(plan: Plan, hands: Hands = {}): Promise<Outcome> {
  const system = await openSystem(plan, hands);
  try {
    await work(system, plan);
    await rest(system);
    const books = await system.books();
    const { watch } = system;
    checkAgreement(books, watch.printed, (rule, detail) => watch.broken(rule, detail));
    return outcomeOf(system, plan, books);
  } finally {
    await system.close();
  }
}

/** Until every order was tried, whatever happens meanwhile. */
async function work({ scheduler, tills, watch }: System, plan: Plan): Promise<void> {
  const end = ORDER_MS * (plan.orders.length + 4);
  while (!tills.every((till) => till.done())) {
    if (scheduler.now > end || !(await scheduler.step())) {
      watch.broken("every payment comes to an end", `not within ${end} ms of virtual time`);
      return;
    }
  }
}

/** The faults end; then everything must come to rest by itself. */
async function rest({ scheduler, tills, calm, quiet }: System): Promise<void> {
  calm();
  const end = scheduler.now + REST_MS;
  let look = scheduler.now;
  while (scheduler.now < end && (await scheduler.step())) {
    if (scheduler.now < look) continue;
    look = scheduler.now + LOOK_MS;
    if (tills.every((till) => till.drained()) && (await quiet())) return;
  }
}

function sha256(value: unknown): string {
  const text = JSON.stringify(value, (_, one: unknown) =>
    typeof one === "bigint" ? one.toString() : one,
  );
  return createHash("sha256").update(text).digest("hex");
}

const byKey = <T extends { readonly key: string }>(list: readonly T[]): T[] =>
  [...list].sort((one, other) => (one.key < other.key ? -1 : 1));

function outcomeOf(system: System, plan: Plan, books: Books): Outcome {
  const { scheduler, watch, trace, frames, calls } = system;
  const money = [byKey(books.acquirer.journals), byKey(books.bank.journals)];
  const printed: Record<string, number> = {};
  for (const { outcome } of watch.printed) printed[outcome] = (printed[outcome] ?? 0) + 1;
  return {
    seed: plan.seed,
    transactions: plan.orders.length,
    faults: plan.faults,
    events: scheduler.count,
    violations: watch.violations,
    stateHash: sha256([
      money,
      books.acquirer.transactions,
      byKey(books.network.exchanges),
      books.bank.entries,
      books.tills,
    ]),
    booksHash: sha256(money),
    printed,
    met: { ...plan, frames: frames.met, calls: calls.met },
    trace,
  };
}
