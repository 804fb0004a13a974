/** Key blocks of the two parties: which there are, made at provisioning, read at start. */
import { loadKeys, saveKey, type KeyTable } from "./store.ts";
import { withClient, type Database } from "../db/index.ts";
import type { KeyAlgorithm, KeyBlock, KeyUsage, SecurityModule } from "@tillway/keys";

type NewKey = {
  readonly name: string;
  readonly usage: KeyUsage;
  readonly algorithm: KeyAlgorithm;
  readonly bytes: 16 | 32;
};

const PAN_KEYS: readonly NewKey[] = [
  { name: "pan-token", usage: "M7", algorithm: "hmac", bytes: 32 },
  { name: "pan-seal", usage: "D0", algorithm: "aes", bytes: 32 },
];

const tdes = (name: string, usage: KeyUsage): NewKey => ({
  name,
  usage,
  algorithm: "tdes",
  bytes: 16,
});

/** Keys that a party makes for itself; what it shares with others comes in components. */
export const OWN_KEYS: Readonly<Record<KeyTable, (schemes: readonly string[]) => NewKey[]>> = {
  network_key: () => [...PAN_KEYS],
  bank_key: (schemes) => [
    ...PAN_KEYS,
    tdes("pvk", "V2"),
    tdes("cvk", "C0"),
    ...schemes.flatMap((scheme) => [
      tdes(`imk-ac:${scheme}`, "E0"),
      tdes(`imk-smi:${scheme}`, "E2"),
      tdes(`imk-smc:${scheme}`, "E1"),
    ]),
  ],
};

/** Makes those keys of a party that it does not have yet. */
export async function makeOwnKeys(
  database: Database,
  module: SecurityModule,
  table: KeyTable,
  schemes: readonly string[],
  now: number,
): Promise<void> {
  const known = await withClient(database, (sql) => loadKeys(sql, table));
  for (const { name, ...kind } of OWN_KEYS[table](schemes)) {
    if (known.has(name)) continue;
    const made = await module.run({ do: "generate-key", ...kind });
    if (!made.ok) throw new Error(made.message);
    const key = { name, block: made.key, kcv: made.kcv };
    await withClient(database, (sql) => saveKey(sql, table, key, now));
  }
}

/** Both keys for card numbers of a party; undefined where it has none yet. */
export function panKeysOf(
  blocks: ReadonlyMap<string, KeyBlock>,
): { readonly key: KeyBlock; readonly tokenKey: KeyBlock } | undefined {
  const key = blocks.get("pan-seal");
  const tokenKey = blocks.get("pan-token");
  return key && tokenKey ? { key, tokenKey } : undefined;
}
