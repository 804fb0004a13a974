/** What the bank's parts share: their surroundings come in from outside. */
import type { KeyBlock, Random, SecurityModule } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import type { Calendar } from "../ledger/index.ts";
import type { Log } from "../log.ts";
import type { Policy } from "./policy.ts";
import type { BankStore } from "./store.ts";

/** The issuing bank's institution id. */
export const BANK_INSTITUTION = "63031000";

/** The bank's own keys, as blocks of its security module. */
export type BankKeys = {
  readonly zmk: KeyBlock;
  readonly pan: { readonly key: KeyBlock; readonly tokenKey: KeyBlock };
  readonly pvk: KeyBlock;
  readonly cvk: KeyBlock;
  /** Master keys by scheme: for cryptograms, and for the MACs of scripts. */
  readonly masterKeys: ReadonlyMap<string, { readonly ac: KeyBlock; readonly smi: KeyBlock }>;
};

export type BankContext = {
  readonly store: BankStore;
  readonly module: SecurityModule;
  readonly keys: BankKeys;
  readonly calendar: Calendar;
  readonly policy: Policy;
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
  const cvk = blocks.get("cvk");
  const masterKeys = new Map(
    [...blocks].flatMap(([name, ac]) => {
      const scheme = /^imk-ac:(.+)$/.exec(name)?.[1];
      const smi = scheme === undefined ? undefined : blocks.get(`imk-smi:${scheme}`);
      return scheme !== undefined && smi ? [[scheme, { ac, smi }] as const] : [];
    }),
  );
  if (!zmk || !key || !tokenKey || !pvk || !cvk || masterKeys.size === 0) return undefined;
  return { zmk, pan: { key, tokenKey }, pvk, cvk, masterKeys };
}
