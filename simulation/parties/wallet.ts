/** The cardholders' cards: published test cards that remember their counters, and may be torn out. */
import { insertCard, newCardState, type AnyCardImage, type CardState } from "@tillway/emv";
import { specimenCaKey, specimenCard, specimenProfile } from "@tillway/emv/specimen";
import { maskPan } from "@tillway/money";
import type { CardTray } from "../../apps/terminal/src/cards/index.ts";
import type { Life } from "../world/process.ts";

/** Cards that pay here; each has an account of its own at the bank. */
export const cardNames = ["unionpay-debit", "unionpay-credit", "visa", "mastercard"] as const;
export type CardName = (typeof cardNames)[number];

/** A card leaves the slot so long after its answer to the command of this number. */
export type Tear = { readonly command: number; readonly afterMs: number };

/** The issuer's master keys that the test cards derive theirs from: worthless, and no weak keys. */
export const masterKeys = {
  ac: "9E15204313F7318ACB79B90BD986AD29",
  smi: "4664942FE615FB02E5D57F292AA2B3B6",
  smc: "CE293B8CC12A97737991E57ADE64518A",
} as const;

/** Making a card signs certificates: once for all simulations of a process. */
const images = new Map<string, AnyCardImage>();

export function imageOf(name: CardName): AnyCardImage {
  const known = images.get(name);
  if (known) return known;
  const image = specimenCard(specimenProfile(name), masterKeys);
  images.set(name, image);
  return image;
}

export const profileOf = (name: CardName) => specimenProfile(name);

/** The authorities' keys that terminals know. */
export function authorityKeys(): unknown[] {
  const keys = new Map(
    cardNames.map((name) => {
      const key = specimenCaKey(specimenProfile(name));
      return [key.rid, key];
    }),
  );
  return [...keys.values()];
}

/** All cards of a world: what a chip remembers outlives every crash. */
export class Wallet {
  readonly #states = new Map<string, CardState>();
  readonly #inUse = new Set<string>();

  /**
   * The cards as one device's reader sees them. `torn` says when the card that goes in now leaves
   * by itself; `remove` takes it out of the device's slot.
   */
  tray(life: Life, torn: () => Tear | undefined, remove: () => void): CardTray {
    return {
      list: () =>
        cardNames.map((name) => {
          const { scheme, label, purpose, pin, pan } = imageOf(name).profile;
          return { name, scheme, maskedPan: maskPan(pan), label, purpose, pin };
        }),
      insert: (name) => {
        const known = cardNames.find((one) => one === name);
        if (!known) return { ok: false, why: "unknown-card" };
        if (this.#inUse.has(known)) return { ok: false, why: "in-use" };
        return this.#insert(known, life, torn(), remove);
      },
      reload: () => undefined,
    };
  }

  #insert(name: CardName, life: Life, tear: Tear | undefined, remove: () => void) {
    const image = imageOf(name);
    let present = true;
    let commands = 0;
    const eject = (): void => {
      if (!present) return;
      present = false;
      this.#inUse.delete(name);
    };
    const card = insertCard({
      image,
      state: this.#states.get(name) ?? newCardState(image),
      random: life.random,
      keep: (state) => {
        this.#states.set(name, state);
        return Promise.resolve();
      },
    });
    this.#inUse.add(name);
    // A device that loses its power lets go of the card.
    life.onEnd(eject);
    const transmit = async (command: Uint8Array): Promise<Uint8Array> => {
      await new Promise<void>((next) => life.after(10, next));
      if (!present) throw new Error("the card was taken out");
      commands += 1;
      const answer = await card.transmit(command);
      if (tear && commands === tear.command) life.after(tear.afterMs, remove);
      return answer;
    };
    return { ok: true, card: { atr: card.atr, transmit }, eject } as const;
  }
}
