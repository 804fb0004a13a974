/** The tray of simulated cards, and the reader slots that they go into. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "@tillway/bytes";
import {
  demonstrationProfiles,
  enterField,
  insertCard,
  newCardState,
  tapCard,
  type Card,
  type CardImage,
  type CardState,
  type ContactlessImage,
} from "@tillway/emv";
import { open as unseal, seal } from "@tillway/keys";
import { maskPan } from "@tillway/money";
import { keyFile, readIfThere, writeSecret } from "../files.ts";
import type { Both } from "../receipt/index.ts";

/** A card as the tray shows it. The PIN of a demonstration card is shown on purpose. */
export type TrayCard = {
  readonly name: string;
  readonly scheme: string;
  readonly maskedPan: string;
  readonly label: Both;
  readonly purpose: Both;
  readonly pin: string;
  /** What it can be held to the reader as: itself without contacts, or a phone that it is on. */
  readonly faces?: readonly {
    readonly name: string;
    readonly label: Both;
    readonly purpose: Both;
  }[];
  /** Whether it has a magnetic stripe. */
  readonly stripe?: boolean;
};

export type Inserted =
  | { readonly ok: true; readonly card: Card; readonly eject: () => void }
  | { readonly ok: false; readonly why: "unknown-card" | "in-use" };

export type CardTray = {
  readonly list: () => TrayCard[];
  /** Puts a card into a slot; a card is in one slot at a time. */
  readonly insert: (name: string) => Inserted;
  /** Holds a card, or one of its faces by name, to the reader. A reader of chips has no field. */
  readonly tap?: (name: string, unlocked: boolean) => Inserted;
  /** Track 2; undefined where there is no such card or it has no stripe. */
  readonly swipe?: (name: string) => string | undefined;
  /** What is printed on it, for keying in: number and YYMM. */
  readonly keyed?: (name: string) => { readonly pan: string; readonly expiry: string } | undefined;
  /** Looks at the folder again: cards were added or restored. */
  readonly reload: () => void;
  /** Whether cards can be read at this moment; always where it is left out. */
  readonly works?: () => boolean;
};

/** Told of cards that come and go by themselves; a `Desk` is one. */
export type Attendant = {
  /** Puts the card into the slot; otherwise why it does not go in. */
  readonly insert: (name: string) => string | undefined;
  readonly remove: () => void;
};

/** A card as its file holds it, and the digest that ties what it remembers to it. */
type Filed = { readonly image: FiledCard; readonly digest: string };

/** A card with its faces towards contactless readers. */
type FiledCard = CardImage & { readonly contactless?: readonly ContactlessImage[] };

export function openTray(folder: string, random: (length: number) => Uint8Array): CardTray {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = keyFile(join(folder, "card.key"), random);
  const inUse = new Set<string>();
  let cards = readCards(folder, key);

  /** Takes a card in hand: its state from the file and back into it until it is given up. */
  const take = (name: string, filed: Filed): Hand | undefined => {
    if (inUse.has(name)) return undefined;
    inUse.add(name);
    const path = join(folder, `${name}.state`);
    let present = true;
    let kept = "";
    const keep = async (state: CardState): Promise<void> => {
      if (!present) throw new Error("the card was taken out");
      const lasting = lastingPart(state);
      if (lasting === kept) return;
      const content = JSON.stringify({ image: filed.digest, state });
      writeSecret(path, seal(key, random(12), new TextEncoder().encode(content), `state/${name}`));
      kept = lasting;
    };
    const state = readState(path, key, name, filed) ?? newCardState(filed.image);
    const eject = (): void => {
      present = false;
      inUse.delete(name);
    };
    return { state, keep, eject };
  };

  const insert = (name: string): Inserted => {
    const filed = cards.get(name);
    if (!filed) return { ok: false, why: "unknown-card" };
    const hand = take(name, filed);
    if (!hand) return { ok: false, why: "in-use" };
    const { state, keep, eject } = hand;
    const { image } = filed;
    const card = hasChip(image) ? insertCard({ image, state, random, keep }) : plastic;
    return { ok: true, card, eject };
  };

  const tap = (name: string, unlocked: boolean): Inserted => {
    const held = [...cards].find(
      ([card, { image }]) =>
        card === name || image.contactless?.some(({ profile }) => profile.name === name),
    );
    const faces = held?.[1].image.contactless ?? [];
    const image = faces.find(({ profile }) => profile.name === name) ?? faces[0];
    if (!held || !image) return { ok: false, why: "unknown-card" };
    const hand = take(...held);
    if (!hand) return { ok: false, why: "in-use" };
    const { keep, eject } = hand;
    const state = enterField(hand.state, unlocked);
    const card = tapCard({ image, state, random, keep: ({ chip }) => keep(chip) });
    return { ok: true, card, eject };
  };

  return {
    list: () => [...cards].map(([name, { image }]) => shown(name, image)),
    insert,
    tap,
    swipe: (name) => cards.get(name)?.image.stripe,
    keyed: (name) => {
      const profile = cards.get(name)?.image.profile;
      return profile && { pan: profile.pan, expiry: profile.expiry.slice(0, 4) };
    },
    reload: () => {
      cards = readCards(folder, key);
    },
    works: () => isFolder(folder),
  };
}

/** Whether the cards, and what they remember, can be reached. */
function isFolder(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A card that is being used. */
type Hand = {
  readonly state: CardState;
  readonly keep: (state: CardState) => Promise<void>;
  readonly eject: () => void;
};

/** The first digit of the service code tells (ISO/IEC 7813). */
const hasChip = ({ profile }: CardImage): boolean => /^[26]/.test(profile.serviceCode);

/** A card without a chip: nothing answers in the slot. */
const plastic: Card = {
  atr: new Uint8Array(0),
  transmit: () => Promise.reject(new Error("the card has no chip")),
};

/** What outlives the card's power: only a change of it needs the disk. */
function lastingPart(state: CardState): string {
  const { session: _, ...lasting } = state;
  return JSON.stringify(lasting);
}

function shown(name: string, { profile, contactless = [], stripe }: FiledCard): TrayCard {
  const { scheme, label, purpose, pin } = profile;
  const faces = contactless.map((face) => ({
    name: face.profile.name,
    label: face.profile.label,
    purpose: face.profile.purpose,
  }));
  const maskedPan = maskPan(profile.pan);
  return { name, scheme, maskedPan, label, purpose, pin, faces, stripe: stripe !== undefined };
}

function readCards(folder: string, key: Uint8Array): Map<string, Filed> {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".card"))
    .map((file) => file.slice(0, -".card".length));
  const found = names.map((name): [string, Filed] => [name, readCard(folder, key, name)]);
  return new Map(found.sort(([one], [other]) => place(one) - place(other)));
}

const shownOrder = demonstrationProfiles().map((profile) => profile.name);

/** The demonstration cards first, in their own order. */
function place(name: string): number {
  const at = shownOrder.indexOf(name);
  return at < 0 ? shownOrder.length : at;
}

function readCard(folder: string, key: Uint8Array, name: string): Filed {
  const sealed = readIfThere(join(folder, `${name}.card`));
  const clear = sealed && unseal(key, sealed, `card/${name}`);
  if (!clear) throw new Error(`the card ${name} cannot be opened: restore the demonstration cards`);
  // Sealed by its personaliser under this folder's key: the shape is that of @tillway/emv.
  const image = JSON.parse(new TextDecoder().decode(clear)) as FiledCard;
  return { image, digest: toHex(createHash("sha256").update(clear).digest()) };
}

/** What the card remembers; undefined where it is new, or was personalised again. */
function readState(
  path: string,
  key: Uint8Array,
  name: string,
  { digest }: Filed,
): CardState | undefined {
  const sealed = readIfThere(path);
  const clear = sealed && unseal(key, sealed, `state/${name}`);
  if (!clear) return undefined;
  // Written by `keep` above and bound to this name by its seal.
  const read = JSON.parse(new TextDecoder().decode(clear)) as { image: string; state: CardState };
  return read.image === digest ? read.state : undefined;
}
