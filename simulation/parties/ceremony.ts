/** The keys that the parties share before anything runs: what key ceremonies bring in components. */
import { fromHex, toHex, xor } from "@tillway/bytes";
import {
  createSoftwareModule,
  type KeyAlgorithm,
  type KeyBlock,
  type KeyUsage,
  type SecurityModule,
} from "@tillway/keys";
import type { Tid } from "./till.ts";
import type { Dice } from "../world/dice.ts";

/** A party's security module and the key blocks that only it can read. */
export type Vault = {
  readonly module: SecurityModule;
  /** A key that this party shares with another, from its clear value in hex. */
  readonly shared: (usage: KeyUsage, value: string) => Promise<KeyBlock>;
  /** A key of its own. */
  readonly own: (usage: KeyUsage, algorithm: KeyAlgorithm) => Promise<KeyBlock>;
};

export function openVault(dice: Dice): Vault {
  const module = createSoftwareModule({
    masterKey: dice.bytes(32),
    random: dice.of("module").bytes,
  });
  const shared: Vault["shared"] = async (usage, value) => {
    const part = dice.bytes(value.length / 2);
    const components = [toHex(part), toHex(xor(part, fromHex(value)))];
    const made = await module.run({
      do: "import-components",
      usage,
      algorithm: "tdes",
      components,
    });
    if (!made.ok) throw new Error(made.message);
    return made.key;
  };
  const own: Vault["own"] = async (usage, algorithm) => {
    const bytes = algorithm === "tdes" ? 16 : 32;
    const made = await module.run({ do: "generate-key", usage, algorithm, bytes });
    if (!made.ok) throw new Error(made.message);
    return made.key;
  };
  return { module, shared, own };
}

/** The keys under which a party tells card numbers apart and seals them. */
export async function panKeys(
  vault: Vault,
): Promise<{ readonly token: KeyBlock; readonly seal: KeyBlock }> {
  return { token: await vault.own("M7", "hmac"), seal: await vault.own("D0", "aes") };
}

/** Every party with what the ceremonies gave it. */
export type Ceremony = {
  readonly acquirer: { readonly vault: Vault; readonly keys: ReadonlyMap<string, KeyBlock> };
  readonly network: {
    readonly vault: Vault;
    readonly pan: { readonly token: KeyBlock; readonly seal: KeyBlock };
    /** The zone master keys of its members. */
    readonly zmks: { readonly acquirer: KeyBlock; readonly bank: KeyBlock };
  };
  readonly bank: { readonly vault: Vault; readonly zmk: KeyBlock };
  readonly tills: ReadonlyMap<Tid, { readonly vault: Vault; readonly tmk: KeyBlock }>;
  /** Terminal master keys as the acquirer keeps them, by TID. */
  readonly tmks: ReadonlyMap<string, KeyBlock>;
};

/** A double-length TDES key in hex, its bytes of odd parity. */
function clearKey(dice: Dice): string {
  const odd = dice.bytes(16).map((byte) => {
    let ones = 0;
    for (let rest = byte >> 1; rest > 0; rest >>= 1) ones += rest & 1;
    return (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0);
  });
  return toHex(odd);
}

export async function holdCeremony(dice: Dice, tids: readonly Tid[]): Promise<Ceremony> {
  const [acquirer, network, bank] = ["acquirer", "network", "bank"].map((name) =>
    openVault(dice.of(name)),
  );
  if (!acquirer || !network || !bank) throw new Error("three parties");
  const zmks = { acquirer: clearKey(dice.of("zmk-a")), bank: clearKey(dice.of("zmk-b")) };
  const pan = await panKeys(acquirer);
  const tills = new Map<Tid, { vault: Vault; tmk: KeyBlock }>();
  const tmks = new Map<string, KeyBlock>();
  for (const tid of tids) {
    const tmk = clearKey(dice.of(`tmk-${tid}`));
    const vault = openVault(dice.of(tid));
    tills.set(tid, { vault, tmk: await vault.shared("K0", tmk) });
    tmks.set(tid, await acquirer.shared("K0", tmk));
  }
  return {
    acquirer: {
      vault: acquirer,
      keys: new Map([
        ["zmk", await acquirer.shared("K0", zmks.acquirer)],
        ["pan-token", pan.token],
        ["pan-seal", pan.seal],
      ]),
    },
    network: {
      vault: network,
      pan: await panKeys(network),
      zmks: {
        acquirer: await network.shared("K0", zmks.acquirer),
        bank: await network.shared("K0", zmks.bank),
      },
    },
    bank: { vault: bank, zmk: await bank.shared("K0", zmks.bank) },
    tills,
    tmks,
  };
}
