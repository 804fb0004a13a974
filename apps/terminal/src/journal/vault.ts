/** What the journal keeps of cards: under the device key, each bound to the row that it is in. */
import { open as unseal, seal } from "@tillway/keys";
import { readTexts } from "./rows.ts";

export type Vault = {
  readonly hide: (context: string, texts: Readonly<Record<string, string>>) => Uint8Array;
  /** Throws where it was not sealed by this device for this row. */
  readonly reveal: (context: string, sealed: unknown) => Record<string, string>;
};

/** `deviceKey`: 32 bytes. */
export function createVault(deviceKey: Uint8Array, random: (length: number) => Uint8Array): Vault {
  return {
    hide: (context, texts) =>
      seal(deviceKey, random(12), new TextEncoder().encode(JSON.stringify(texts)), context),
    reveal: (context, sealed) => {
      const clear = sealed instanceof Uint8Array ? unseal(deviceKey, sealed, context) : undefined;
      if (!clear) throw new Error("the journal cannot be read under this device's key");
      return readTexts(new TextDecoder().decode(clear));
    },
  };
}
