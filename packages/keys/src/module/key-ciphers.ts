import { ecbDecryptor, ecbEncryptor } from "../cipher.ts";
import { retailMacer } from "../mac.ts";
import type { WorkingKey } from "./dukpt-keys.ts";
import { blockCipher } from "./keyring.ts";

/** Encrypts whole blocks under a key. Setting up a cipher costs several times what a block does: a
 * key that stays open keeps its own. */
export const encryptor = onceForKey((key) => ecbEncryptor(blockCipher(key), key.value));

/** The reverse of `encryptor`. */
export const decryptor = onceForKey((key) => ecbDecryptor(blockCipher(key), key.value));

/** The retail MAC under a key of 16 bytes. */
export const retailMacUnder = onceForKey((key) => retailMacer(key.value));

function onceForKey<T>(make: (key: WorkingKey) => T): (key: WorkingKey) => T {
  const made = new WeakMap<WorkingKey, T>();
  return (key) => {
    const found = made.get(key) ?? make(key);
    made.set(key, found);
    return found;
  };
}
