/** What the kernels of a device work by: what it was provisioned with, and what it downloaded. */
import { fromHex, toAscii, toHex } from "@tillway/bytes";
import {
  DEFAULT_APPLICATIONS,
  DEFAULT_COMBINATIONS,
  DEFAULT_TERMINAL,
  parseContactlessConfiguration,
  parseKernelConfiguration,
  parseTlv,
  TlvError,
  toStore,
  unionpayParameters,
  type ApplicationConfiguration,
  type CombinationConfiguration,
  type ContactlessConfiguration,
  type KernelConfiguration,
} from "@tillway/emv";
import type { Identity, Journal } from "../journal/index.ts";

export type Configurations = {
  readonly contact: KernelConfiguration;
  readonly contactless: ContactlessConfiguration;
};

/** Downloaded contents as hex of data objects (spec §2.5). */
export type Downloads = {
  readonly caKeys: readonly string[];
  readonly applications: readonly string[];
};

const nothing: Downloads = { caKeys: [], applications: [] };

/**
 * The kernels' configurations of a device. Throws with every problem where keys or applications are
 * not what they should be.
 */
export function kernelConfiguration(
  identity: Identity,
  caKeys: unknown,
  downloads: Downloads = nothing,
): Configurations {
  const stores = downloads.applications.map(storeOf);
  const keys = [...(Array.isArray(caKeys) ? caKeys : []), ...downloads.caKeys.map(caKeyOf)];
  const shared = {
    keySet: "test",
    terminal: {
      ...DEFAULT_TERMINAL,
      // Offline PINs in clear and enciphered, beside online PIN, signature, none; CDA too.
      capabilities: "E0F8C8",
      // The till has no screen for a choice: the card's own order decides.
      cardholderSelection: false,
      approvalCodes: [...DEFAULT_TERMINAL.approvalCodes, "10"],
      terminalId: identity.tid,
      serial: identity.serial.slice(-8).padStart(8, "0"),
      merchantId: identity.mid,
      merchantName: identity.merchantName.replace(/[^\x20-\x7e]/g, "?").slice(0, 40),
    },
    caKeys: latestKeys(keys),
  };
  const contact = parseKernelConfiguration({ ...shared, applications: applicationsOf(stores) });
  const contactless = parseContactlessConfiguration({
    ...shared,
    combinations: combinationsOf(downloads.applications),
  });
  if (!contact.ok) throw new Error(`kernel configuration: ${contact.problems.join("; ")}`);
  if (!contactless.ok) {
    throw new Error(`contactless configuration: ${contactless.problems.join("; ")}`);
  }
  return { contact: contact.configuration, contactless: contactless.configuration };
}

/** A configuration that follows the journal's downloads; bad ones are told once and left out. */
export function followConfiguration(
  journal: Journal,
  caKeys: unknown,
  onNotice: (what: string, about: Readonly<Record<string, string>>) => void,
): () => Configurations {
  let seen: string | undefined;
  let current = kernelConfiguration(journal.identity(), caKeys);
  return () => {
    const stored = [journal.setting("ca-keys") ?? "[]", journal.setting("applications") ?? "[]"];
    if (stored.join() === seen) return current;
    seen = stored.join();
    const [keys = [], applications = []] = stored.map(listOf);
    try {
      current = kernelConfiguration(journal.identity(), caKeys, { caKeys: keys, applications });
    } catch (error) {
      onNotice("download-unusable", { why: error instanceof Error ? error.message : "" });
    }
    return current;
  };
}

function listOf(text: string): string[] {
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
}

type Store = ReadonlyMap<string, Uint8Array>;

function storeOf(hex: string): Store {
  try {
    return toStore(parseTlv(fromHex(hex)));
  } catch (cause) {
    if (cause instanceof TlvError || cause instanceof RangeError) return new Map();
    throw cause;
  }
}

const hexOf = (store: Store, tag: string): string => toHex(store.get(tag) ?? new Uint8Array(0));

/** A downloaded key in the kernel's form; the kernel's parser says what is wrong with it. */
function caKeyOf(hex: string): object {
  const store = storeOf(hex);
  const expiry = toAscii(store.get("DF05") ?? new Uint8Array(0));
  return {
    rid: hexOf(store, "9F06"),
    index: hexOf(store, "9F22"),
    modulus: hexOf(store, "DF02"),
    exponent: hexOf(store, "DF04"),
    checksum: hexOf(store, "DF03"),
    label: "test",
    ...(/^\d{8}$/.test(expiry) ? { expiry } : {}),
  };
}

/** Of keys with the same name the latest: a download replaces what was there. */
function latestKeys(keys: readonly unknown[]): unknown[] {
  const named = new Map(
    keys.map((key) => {
      const [rid, index]: unknown[] =
        typeof key === "object" && key !== null
          ? [Reflect.get(key, "rid"), Reflect.get(key, "index")]
          : [];
      return [`${String(rid)}/${String(index)}`, key];
    }),
  );
  return [...named.values()];
}

/** The contact applications: the defaults, changed and added to by what was downloaded. */
function applicationsOf(stores: readonly Store[]): ApplicationConfiguration[] {
  const byAid = new Map(DEFAULT_APPLICATIONS.map((one) => [one.aid, one]));
  for (const store of stores) {
    const aid = hexOf(store, "9F06");
    const base = byAid.get(aid) ?? DEFAULT_APPLICATIONS[0];
    if (base) byAid.set(aid, applicationOf(store, aid, base));
  }
  return [...byAid.values()];
}

function applicationOf(
  store: Store,
  aid: string,
  base: ApplicationConfiguration,
): ApplicationConfiguration {
  const given = (tag: string, otherwise: string): string =>
    store.has(tag) ? hexOf(store, tag) : otherwise;
  // 9F1B and DF15 are binary amounts of the currency's minor unit (Book 3 Annex A).
  const amount = (tag: string, otherwise: string): string =>
    store.has(tag) ? BigInt(`0x${hexOf(store, tag)}`).toString() : otherwise;
  const percent = (tag: string, otherwise: number): number =>
    store.has(tag) ? Number.parseInt(hexOf(store, tag), 10) : otherwise;
  const { actionCodes, randomSelection } = base;
  return {
    ...base,
    aid,
    name: base.aid === aid ? base.name : `Application ${aid}`,
    partialMatch: store.has("DF01") ? hexOf(store, "DF01") === "00" : base.partialMatch,
    version: given("9F08", given("9F09", base.version)),
    actionCodes: {
      default: given("DF11", actionCodes.default),
      online: given("DF12", actionCodes.online),
      denial: given("DF13", actionCodes.denial),
    },
    floorLimit: amount("9F1B", base.floorLimit),
    randomSelection: {
      threshold: amount("DF15", randomSelection.threshold),
      targetPercentage: percent("DF17", randomSelection.targetPercentage),
      maximumTargetPercentage: percent("DF16", randomSelection.maximumTargetPercentage),
    },
    defaultDdol: given("DF14", base.defaultDdol),
    onlinePin: store.has("DF18") ? hexOf(store, "DF18") === "01" : base.onlinePin,
  };
}

/** The contactless combinations, changed and added to in the same way. */
function combinationsOf(applications: readonly string[]): CombinationConfiguration[] {
  const byAid = new Map(DEFAULT_COMBINATIONS.map((one) => [one.aid, one]));
  for (const hex of applications) {
    const base = byAid.get(hexOf(storeOf(hex), "9F06"));
    const parsed = unionpayParameters(fromHex(hex), base);
    if (!parsed.ok) throw new Error(parsed.problem);
    byAid.set(parsed.combination.aid, parsed.combination);
  }
  return [...byAid.values()];
}
