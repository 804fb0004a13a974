/** How a device gets its master key: a key block under a transport key in components. */
import type { KeyBlock, SecurityModule } from "@tillway/keys";
import { Type, type Static } from "typebox";

export const SentMasterKey = Type.Object({
  /** The transport key: two or more components, as their bearers bring them. */
  transportComponents: Type.Array(Type.String({ pattern: "^[0-9A-Fa-f]{32,64}$" }), {
    minItems: 2,
  }),
  tmkBlock: Type.String({ minLength: 16, maxLength: 512 }),
});

export type Taken =
  | { readonly ok: true; readonly key: KeyBlock; readonly kcv: string }
  | { readonly ok: false; readonly why: string };

/** The terminal master key under this folder's own master key. The reasons name no key. */
export async function takeMasterKey(
  module: SecurityModule,
  { tmkBlock, transportComponents: components }: Static<typeof SentMasterKey>,
): Promise<Taken> {
  // X9.143: a block of version D is protected by an AES key, version B by a TDES key.
  const algorithm = tmkBlock.startsWith("D") ? "aes" : "tdes";
  const transport = await module.run({
    do: "import-components",
    usage: "K1",
    algorithm,
    components,
  });
  if (!transport.ok) return { ok: false, why: transport.message };
  const taken = await module.run({
    do: "import-key-block",
    block: tmkBlock,
    under: transport.key,
  });
  if (!taken.ok) return { ok: false, why: taken.message };
  if (taken.usage !== "K0") return { ok: false, why: "not a terminal master key" };
  return { ok: true, key: taken.key, kcv: taken.kcv };
}
