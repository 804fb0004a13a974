/** The keys that the parties share before anything runs: what key ceremonies bring in components. */
import { fromHex, toHex, xor } from "@tillway/bytes";
import {
  createSoftwareModule,
  type KeyAlgorithm,
  type KeyBlock,
  type KeyUsage,
  type SecurityModule,
} from "@tillway/keys";
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
