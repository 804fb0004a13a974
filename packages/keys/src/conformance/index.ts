import { formatCases } from "./formats.ts";
import { issuingCases } from "./issuing.ts";
import { knownAnswers } from "./known.ts";
import { keyExchange } from "./moving.ts";
import { refusalCases, translationHidesPin } from "./refusing.ts";
import { terminalCases } from "./terminals.ts";
import type { SecurityModule } from "../module/security-module.ts";

/** Gives a name and a test to a test runner, as `test` of node:test takes them. */
export type Register = (name: string, run: () => Promise<void>) => void;

/**
 * What every security module must do, whatever it is made of and wherever it runs. `create` gives
 * a module with a master key of its own each time. A test fails by throwing.
 */
export function securityModuleConformance(
  create: () => SecurityModule | Promise<SecurityModule>,
  register: Register,
): void {
  const fresh = async (): Promise<SecurityModule> => create();
  for (const { name, run } of [...knownAnswers, ...formatCases, ...issuingCases]) {
    register(name, async () => run(await fresh()));
  }
  for (const { name, run } of [...keyExchange, ...terminalCases, ...refusalCases]) {
    register(name, () => run(fresh));
  }
  register("translates a PIN without showing it", () => translationHidesPin(fresh));
}
