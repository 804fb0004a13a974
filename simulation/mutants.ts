/**
 * Defects of the kinds that the rules exist for, planted by wrapping a port: what the product would
 * do if somebody had forgotten something. The product itself has no such code.
 */
import type { SecurityModule } from "@tillway/keys";
import type { OpenStep, Store } from "../apps/acquirer/src/payments/index.ts";
import type { Journal } from "../apps/terminal/src/journal/index.ts";
import type { PaymentsMemory } from "./stores/payments.ts";
import type { Hands } from "./system.ts";
import type { Life } from "./world/process.ts";

export type Mutant = { readonly name: string; readonly hands: Hands };

/** The same object with some of its methods replaced; the others keep their own `this`. */
function changed<T extends object>(whole: T, parts: Partial<T>): T {
  return new Proxy(whole, {
    get: (target, name) => {
      if (Object.hasOwn(parts, name)) return Reflect.get(parts, name);
      const found: unknown = Reflect.get(target, name);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
}

/** A key that is free: what makes the store take a request for another one. */
let others = 0;
function asAnother(step: OpenStep): OpenStep {
  others += 1;
  return { ...step, key: { ...step.key, batch: `${step.key.batch}+${others}` } };
}

const payments =
  (change: (store: Store, kept: PaymentsMemory, life: Life) => Partial<Store>) =>
  (store: Store, kept: PaymentsMemory, life: Life): Store =>
    changed(store, change(store, kept, life));

/** Believes every MAC. */
function credulous(module: SecurityModule): SecurityModule {
  const run: SecurityModule["run"] = async (command) => {
    const answer = await module.run(command);
    if (command.do === "verify-mac") Reflect.set(answer, "valid", true);
    return answer;
  };
  return changed(module, { run });
}

export const mutants: readonly Mutant[] = [
  {
    name: "the acquirer skips the duplicate check",
    hands: {
      payments: payments((store) => ({
        open: async (step) => {
          const opened = await store.open(step);
          const isKnown = opened.kind === "known" && opened.known.kind === "transaction";
          return isKnown ? store.open(asAnother(step)) : opened;
        },
      })),
    },
  },
  {
    name: "the acquirer answers before its commit",
    hands: {
      hasty: (store, life) =>
        changed(store, {
          close: (step) => {
            life.after(30, () => void store.close(step).catch(() => undefined));
            return Promise.resolve({ kind: "closed" });
          },
        }),
    },
  },
  {
    name: "a terminal forgets at its restart what it has to reverse",
    hands: {
      journal: (journal: Journal) => {
        for (const due of journal.dues()) if (due.kind === "reversal") journal.reversed(due.id);
        return journal;
      },
    },
  },
  {
    name: "a terminal does not reverse what got no answer",
    hands: {
      journal: (journal) =>
        changed(journal, {
          demand: (id, reason, known) =>
            reason === "98" ? journal.unsent(id) : journal.demand(id, reason, known),
        }),
    },
  },
  {
    name: "the acquirer posts a sale twice",
    hands: {
      payments: payments((store, kept) => ({
        close: async (step) => {
          const closed = await store.close(step);
          const { journal } = step;
          if (closed.kind === "closed" && journal) {
            const again = { ...journal, idempotencyKey: `${journal.idempotencyKey}/again` };
            kept.memory.commit(() => kept.ledger.post([again]));
          }
          return closed;
        },
      })),
    },
  },
  {
    name: "a terminal believes an approval without a right MAC",
    hands: { module: (party, module) => (party === "till" ? credulous(module) : module) },
  },
  {
    name: "the acquirer believes an approval of the network without a right MAC",
    hands: { module: (party, module) => (party === "acquirer" ? credulous(module) : module) },
  },
  {
    name: "the acquirer drops an advice after it was sent once",
    hands: {
      payments: payments((store, kept) => ({
        dueAdvices: async (when) => {
          const due = await store.dueAdvices(when);
          kept.memory.commit(() => {
            for (const { id } of due) {
              const row = kept.advices.get(id);
              if (row) kept.advices.set(id, { ...row, state: "acknowledged" });
            }
          });
          return due;
        },
      })),
    },
  },
  {
    name: "the network drops an advice after it was sent once",
    hands: {
      network: (store) =>
        changed(store, {
          attempt: async (keys, nextDue) => {
            await store.attempt(keys, nextDue);
            for (const key of keys) await store.acknowledge(key, "00", 0);
          },
        }),
    },
  },
  {
    name: "the acquirer ignores the tombstone of a reversal that came first",
    hands: {
      payments: payments((store) => ({
        open: async (step) => {
          const opened = await store.open(step);
          const isBuried = opened.kind === "known" && opened.known.kind === "tombstone";
          return isBuried ? store.open(asAnother(step)) : opened;
        },
      })),
    },
  },
  {
    name: "a terminal uses a STAN again",
    hands: {
      journal: (journal) => {
        let last = "";
        let calls = 0;
        return changed(journal, {
          nextStan: () => {
            calls += 1;
            if (calls % 5 !== 0 || last === "") last = journal.nextStan();
            return last;
          },
        });
      },
    },
  },
  {
    name: "a restart of the acquirer loses what was in flight",
    hands: { payments: payments(() => ({ expired: () => Promise.resolve([]) })) },
  },
  {
    name: "a restart of the network loses what was in flight",
    hands: { network: (store) => changed(store, { expired: () => Promise.resolve([]) }) },
  },
  {
    name: "refunds have no cap",
    hands: {
      payments: payments((store, kept) => ({
        open: (step) => {
          if (step.name === "refund" && step.follows) {
            const { transaction } = step.follows;
            kept.memory.commit(() => kept.marks.delete(transaction));
          }
          return store.open(step);
        },
      })),
    },
  },
  {
    name: "the acquirer reverses without undoing its posting",
    hands: {
      payments: payments((store, kept) => {
        const post = kept.ledger.post.bind(kept.ledger);
        kept.ledger.post = (journals) =>
          post(journals.filter(({ kind }) => !kind.endsWith("-reversal")));
        return { pendingAdvices: store.pendingAdvices };
      }),
    },
  },
  {
    name: "the bank takes a reversal for done without giving the money back",
    hands: {
      bank: (store, kept) => {
        const post = kept.ledger.post.bind(kept.ledger);
        kept.ledger.post = (journals) =>
          post(journals.filter(({ idempotencyKey }) => !idempotencyKey.startsWith("undo:"))).concat(
            journals.flatMap(({ id, idempotencyKey }) =>
              idempotencyKey.startsWith("undo:") ? [{ code: "posted", journal: id } as const] : [],
            ),
          );
        return store;
      },
    },
  },
];
