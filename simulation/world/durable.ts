/** What a process has of its store: calls that take time, may fail, and answer only to the living. */
import type { Dice } from "./dice.ts";
import type { Life } from "./process.ts";

/** A fault of one call: it fails and did nothing, or it was done and nobody was told. */
export type StoreFault = "before" | "after" | undefined;

/**
 * The same port as one life of a process sees it. Each call happens at one instant of virtual time,
 * wholly or not at all, and its result comes back later: in between the process may die, and then
 * what was committed stays without anybody knowing it. `prompt` names what answers at once.
 */
export function durable<S extends object>(
  life: Life,
  dice: Dice,
  store: S,
  fault: () => StoreFault,
  prompt: readonly (keyof S)[] = [],
): S {
  return new Proxy(store, {
    get: (target, name, receiver) => {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== "function" || prompt.some((one) => one === name)) return method;
      return (...given: unknown[]) =>
        new Promise((resolve, reject) => {
          life.after(dice.between(1, 4), async () => {
            const met = fault();
            if (met === "before") {
              reject(new Error("the database is gone"));
              return;
            }
            // Waiting here keeps the world still while a real database works.
            const outcome: Promise<unknown> = Promise.resolve(Reflect.apply(method, target, given));
            const tell = await outcome.then(
              (result) => () => resolve(result),
              (error: unknown) => () => reject(error instanceof Error ? error : new Error("?")),
            );
            const lost = (): void => reject(new Error("the connection to the database was lost"));
            life.after(dice.between(0, 2), met === "after" ? lost : tell);
          });
        });
    },
  });
}
