/** Where the issuer keeps its files in the data folder. */
import { join } from "node:path";
import { keyFile } from "./files.ts";

type Bytes = (length: number) => Uint8Array;

export type Folder = {
  /** Seals the authorities' RSA keys. */
  readonly authorityKey: () => Uint8Array;
  readonly authorities: string;
  readonly adminToken: string;
  readonly cards: string;
  readonly cardKey: () => Uint8Array;
};

/** Paths below the data folder; the keys are made the first time they are asked for. */
export function folderOf(data: string, random: Bytes): Folder {
  const cards = join(data, "cards");
  return {
    authorityKey: () => keyFile(join(data, "issuer", "authority.key"), random),
    authorities: join(data, "issuer", "authority.sealed"),
    adminToken: join(data, "issuer", "admin-token"),
    cards,
    cardKey: () => keyFile(join(cards, "card.key"), random),
  };
}
