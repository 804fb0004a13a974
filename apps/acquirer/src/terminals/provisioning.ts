/** First start: the merchant, its terminals with their TMKs, and the keys of the installation. */
import { bucketOf } from "@tillway/database";
import { DEFAULT_APPLICATIONS, type CaKey } from "@tillway/emv";
import type { SecurityModule } from "@tillway/keys";
import type { Database } from "../db/index.ts";
import { merchantAccounts, open, systemAccounts } from "../ledger/index.ts";
import { applicationObject, caKeyObject, putObjects } from "./management/index.ts";
import { insertMerchant, putInstallationKey, replaceMasterKey, upsertTerminal } from "./store.ts";

export type ProvisionMerchant = {
  readonly mid: string;
  readonly name: string;
  readonly nameZh: string;
  readonly mcc: string;
  readonly feePpm: number;
};

export type ProvisionTerminal = {
  readonly tid: string;
  readonly serial: string;
  readonly transportComponents: readonly string[];
};

/** A TMK for its device: a key block under the device's transport key. */
export type ProvisionedTerminal = {
  readonly tid: string;
  readonly tmkBlock: string;
  readonly kcv: string;
};

type Parts = { readonly database: Database; readonly module: SecurityModule; readonly now: number };

/** Keys that tell PANs apart and seal them; made once, they never change. */
export async function ensurePanKeys({ database, module, now }: Parts): Promise<void> {
  const [token, seal] = await module.runAll([
    { do: "generate-key", usage: "M7", algorithm: "hmac", bytes: 32 },
    { do: "generate-key", usage: "D0", algorithm: "aes", bytes: 32 },
  ]);
  if (!token.ok) throw new Error(token.message);
  if (!seal.ok) throw new Error(seal.message);
  await database.transaction(async (sql) => {
    await putInstallationKey(
      sql,
      { name: "pan-token", block: token.key, kcv: token.kcv },
      now,
      true,
    );
    await putInstallationKey(sql, { name: "pan-seal", block: seal.key, kcv: seal.kcv }, now, true);
  });
}

/** The zone master key of the network link, from its components. */
export async function storeZmk(parts: Parts, components: readonly string[]): Promise<void> {
  const { database, module, now } = parts;
  const zmk = await module.run({
    do: "import-components",
    usage: "K0",
    algorithm: "tdes",
    components,
  });
  if (!zmk.ok) throw new Error(zmk.message);
  const key = { name: "zmk", block: zmk.key, kcv: zmk.kcv };
  await database.use((sql) => putInstallationKey(sql, key, now, false));
}

/** Registers a merchant with its accounts. */
export async function registerMerchant(
  { database, now }: Parts,
  merchant: ProvisionMerchant,
): Promise<void> {
  const bucket = bucketOf(merchant.mid);
  const currency = "CNY";
  await database.transaction(async (sql) => {
    await insertMerchant(sql, { ...merchant, bucket, currency, status: "active" }, now);
    await open(sql, [
      ...systemAccounts(currency),
      ...merchantAccounts({ mid: merchant.mid, bucket, currency }),
    ]);
  });
}

type FreshKey = { readonly tmk: string; readonly kcv: string; readonly tmkBlock: string };

/** A fresh TMK, and as it is handed out: under a transport key in components. */
async function freshKey(module: SecurityModule, components: readonly string[]): Promise<FreshKey> {
  const [transport, tmk] = await module.runAll([
    { do: "import-components", usage: "K1", algorithm: "tdes", components },
    { do: "generate-key", usage: "K0", algorithm: "tdes", bytes: 16, exportable: true },
  ]);
  if (!transport.ok) throw new Error(transport.message);
  if (!tmk.ok) throw new Error(tmk.message);
  const exported = await module.run({ do: "export-key-block", key: tmk.key, under: transport.key });
  if (!exported.ok) throw new Error(exported.message);
  return { tmk: tmk.key, kcv: exported.kcv, tmkBlock: exported.block };
}

/** Registers a terminal with a fresh TMK, handed out under the device's transport key. */
export async function registerTerminal(
  { database, module, now }: Parts,
  mid: string,
  terminal: ProvisionTerminal,
): Promise<ProvisionedTerminal> {
  const { tid, serial, transportComponents } = terminal;
  const { tmk, kcv, tmkBlock } = await freshKey(module, transportComponents);
  await database.use((sql) => upsertTerminal(sql, { tid, mid, serial, tmk, tmkKcv: kcv }, now));
  return { tid, tmkBlock, kcv };
}

/** Gives a registered terminal a fresh TMK; its sessions end. Undefined: it is not registered. */
export async function injectTerminal(
  { database, module }: Parts,
  tid: string,
  transportComponents: readonly string[],
): Promise<ProvisionedTerminal | undefined> {
  const { tmk, kcv, tmkBlock } = await freshKey(module, transportComponents);
  const known = await database.transaction((sql) => replaceMasterKey(sql, tid, tmk, kcv));
  return known ? { tid, tmkBlock, kcv } : undefined;
}

/** Contactless limits of the first start, in minor units: 500, 1,000 and 1,000 yuan [U]. */
const CONTACTLESS = { floor: "50000", transaction: "100000", cvm: "100000" };

/** What terminals can download: the authorities' keys, and the applications that are taken. */
export async function storeDownloads(
  { database, now }: Parts,
  caKeys: readonly CaKey[],
): Promise<void> {
  const applications = DEFAULT_APPLICATIONS.map((one) => applicationObject(one, CONTACTLESS));
  await database.transaction(async (sql) => {
    await putObjects(sql, "ca-key", caKeys.map(caKeyObject), now);
    await putObjects(sql, "application", applications, now);
  });
}
