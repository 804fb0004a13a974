/** What the bank's parts share: their surroundings come in from outside. */
import type { KeyBlock, Random, SecurityModule } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import type { Database } from "../db/index.ts";
import type { Calendar } from "../ledger/index.ts";
import type { Log } from "../log.ts";

/** The issuing bank's institution id. */
export const BANK_INSTITUTION = "63031000";

/** The bank's own keys, as blocks of its security module. */
export type BankKeys = {
  readonly zmk: KeyBlock;
  readonly pan: { readonly key: KeyBlock; readonly tokenKey: KeyBlock };
  readonly pvk: KeyBlock;
  /** Master keys for application cryptograms, by scheme. */
  readonly imkAc: ReadonlyMap<string, KeyBlock>;
};

export type BankContext = {
  readonly database: Database;
  readonly module: SecurityModule;
  readonly keys: BankKeys;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly count: (event: string) => void;
};

/** The bank's keys out of its key blocks by name; undefined where it is not provisioned yet. */
export function bankKeys(blocks: ReadonlyMap<string, KeyBlock>): BankKeys | undefined {
  const zmk = blocks.get("zmk");
  const key = blocks.get("pan-seal");
  const tokenKey = blocks.get("pan-token");
  const pvk = blocks.get("pvk");
  const imkAc = new Map(
    [...blocks].flatMap(([name, block]) =>
      name.startsWith("imk-ac:") ? [[name.slice("imk-ac:".length), block] as const] : [],
    ),
  );
  if (!zmk || !key || !tokenKey || !pvk || imkAc.size === 0) return undefined;
  return { zmk, pan: { key, tokenKey }, pvk, imkAc };
}
