/** Messages with their MAC: the last field of their bitmap, over all bytes before it. */
import { encodeForMac, hasMac, macInput, withMac, type Message, type Spec } from "@tillway/iso8583";
import type { KeyBlock, MacAlgorithm, SecurityModule } from "@tillway/keys";

/** What protects the messages of one link: a MAC key and its algorithm. */
export type MacKey = { readonly key: KeyBlock; readonly algorithm: MacAlgorithm };

/** A message as it came: its bytes and what they say. */
export type Received<M extends Message = Message> = {
  readonly payload: Uint8Array;
  readonly message: M;
};

/** The bytes of a message with its MAC. Throws where the module refuses: a defect. */
export async function encodeWithMac(
  module: SecurityModule,
  spec: Spec,
  message: Message,
  mac: MacKey,
): Promise<Uint8Array> {
  const bytes = encodeForMac(spec, message);
  const made = await module.run({ do: "mac", ...mac, data: macInput(bytes) });
  if (!made.ok) throw new Error(made.message);
  return withMac(bytes, made.mac);
}

/** Whether a message ends in a MAC of one of these keys; false where it has none. */
export async function hasValidMac(
  module: SecurityModule,
  spec: Spec,
  { payload, message }: Received,
  macs: readonly MacKey[],
): Promise<boolean> {
  if (!hasMac(spec, message)) return false;
  const data = macInput(payload);
  const mac = payload.subarray(data.length);
  // One after the other: it is nearly always the first.
  for (const one of macs) {
    const answer = await module.run({ do: "verify-mac", ...one, data, mac });
    if (answer.ok && answer.valid) return true;
  }
  return false;
}
