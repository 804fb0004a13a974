/** Messages with their MAC, on either link. */
import { encodeForMac, macInput, withMac, type Message, type Spec } from "@tillway/iso8583";
import type { KeyBlock, MacAlgorithm, SecurityModule } from "@tillway/keys";

/** The message with the MAC over everything before it. Throws where the module refuses: a defect. */
export async function encodeSigned(
  module: SecurityModule,
  spec: Spec,
  message: Message,
  mac: { readonly key: KeyBlock; readonly algorithm: MacAlgorithm },
): Promise<Uint8Array> {
  const bytes = encodeForMac(spec, message);
  const made = await module.run({ do: "mac", ...mac, data: macInput(bytes) });
  if (!made.ok) throw new Error(made.message);
  return withMac(bytes, made.mac);
}

/** Whether the last eight bytes are the MAC under one of the keys. */
export async function isSignedBy(
  module: SecurityModule,
  payload: Uint8Array,
  keys: readonly KeyBlock[],
  algorithm: MacAlgorithm,
): Promise<boolean> {
  if (payload.length <= 8) return false;
  const [data, mac] = [macInput(payload), payload.slice(-8)];
  const answers = await module.runAll(
    keys.map((key) => ({ do: "verify-mac", key, algorithm, data, mac }) as const),
  );
  return answers.some((answer) => answer.ok && answer.valid);
}
