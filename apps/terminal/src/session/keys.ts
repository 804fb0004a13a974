/** Working keys: how sign-in delivers them, and what the device does with them. */
import { equal, fromHex, toHex } from "@tillway/bytes";
import type { KeyBlock, SecurityModule } from "@tillway/keys";
import type { MacKey } from "@tillway/link";

/** The keys of one sign-in as key blocks; `generation` grows with each sign-in of a process. */
export type WorkingKeys = {
  readonly pin: KeyBlock;
  readonly mac: KeyBlock;
  readonly track: KeyBlock;
  readonly generation: number;
};

type Delivered = { readonly cipher: string; readonly kcv: string };

/**
 * The parts of DE 62 of a sign-in answer for 60.3 = 004 (spec §2.10): three keys of 16 bytes, each
 * with 4 bytes of check value; a MAC key of 8 bytes is filled with zeros. Undefined for another
 * length.
 */
export function splitKeys(
  field62: string,
): { readonly pin: Delivered; readonly mac: Delivered; readonly track: Delivered } | undefined {
  if (!/^[0-9A-F]{120}$/.test(field62)) return undefined;
  const at = (index: number): Delivered => ({
    cipher: field62.slice(index * 40, index * 40 + 32),
    kcv: field62.slice(index * 40 + 32, index * 40 + 40),
  });
  const mac = at(1);
  const single = equal(fromHex(mac.cipher.slice(16)), new Uint8Array(8));
  return {
    pin: at(0),
    mac: single ? { ...mac, cipher: mac.cipher.slice(0, 16) } : mac,
    track: at(2),
  };
}

/** Takes in the keys of a sign-in answer; undefined where the field or a check value is wrong. */
export async function importKeys(
  module: SecurityModule,
  masterKey: KeyBlock,
  field62: string,
  generation: number,
): Promise<WorkingKeys | undefined> {
  const parts = splitKeys(field62);
  if (!parts) return undefined;
  const common = { do: "import-ecb", algorithm: "tdes", under: masterKey } as const;
  const [pin, mac, track] = await module.runAll([
    { ...common, usage: "P0", ...parts.pin, mode: "E" },
    { ...common, usage: "M3", ...parts.mac },
    { ...common, usage: "D0", ...parts.track, mode: "E" },
  ]);
  if (!pin.ok || !mac.ok || !track.ok) return undefined;
  return { pin: pin.key, mac: mac.key, track: track.key, generation };
}

/** What requests are signed with and answers checked, for as long as the session lasts. */
export function macKeyOf(keys: WorkingKeys): MacKey {
  return { key: keys.mac, algorithm: "unionpay-ecb" };
}

/**
 * The PIN block (format 0) of digits 0 to 9 in hex. Throws where the module refuses: a defect, as
 * the pad gives 4 to 12 digits.
 */
export async function encryptPin(
  module: SecurityModule,
  keys: WorkingKeys,
  digits: Uint8Array,
  pan: string,
): Promise<string> {
  // The one moment in which the PIN is a text: it goes straight into the module and is not kept.
  const made = await module.run({
    do: "encrypt-pin",
    key: keys.pin,
    pin: String.fromCharCode(...digits.map((digit) => digit + 48)),
    pan,
    format: 0,
  });
  if (!made.ok) throw new Error(made.message);
  return toHex(made.block);
}

/** DE 35: track 2 with its middle block under the track key. `track` has = or D as separator. */
export async function encryptTrack(
  module: SecurityModule,
  keys: WorkingKeys,
  track: string,
): Promise<string> {
  const made = await module.run({
    do: "encrypt-track",
    key: keys.track,
    track: track.replace("D", "=").replace(/F+$/, ""),
  });
  if (!made.ok) throw new Error(made.message);
  return made.track;
}
