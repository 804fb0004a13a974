/** Messages of the institution interface with their MAC: DE 128, over all bytes before it. */
import { cups, encodeForMac, hasMac, macInput, withMac, type Message } from "@tillway/iso8583";
import type { KeyBlock, MacAlgorithm, SecurityModule } from "@tillway/keys";

/** What protects the messages of one link: its ZAK and its algorithm. */
export type MacKey = { readonly key: KeyBlock; readonly algorithm: MacAlgorithm };

/** The bytes of a message with its MAC. Throws where the module refuses: the key is not a MAC key. */
export async function encodeWithMac(
  module: SecurityModule,
  zak: MacKey,
  message: Message,
): Promise<Uint8Array> {
  const bytes = encodeForMac(cups, message);
  const made = await module.run({ do: "mac", ...zak, data: macInput(bytes) });
  if (!made.ok) throw new Error(made.message);
  return withMac(bytes, made.mac);
}

/** Whether a received message ends in a MAC of one of these keys. */
export async function macIsValid(
  module: SecurityModule,
  zaks: readonly MacKey[],
  payload: Uint8Array,
  message: Message,
): Promise<boolean> {
  if (!hasMac(cups, message)) return false;
  const data = macInput(payload);
  const mac = payload.subarray(data.length);
  const answers = await module.runAll(
    zaks.map((zak) => ({ do: "verify-mac", ...zak, data, mac }) as const),
  );
  return answers.some((answer) => answer.ok && answer.valid);
}
