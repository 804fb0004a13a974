/** A person played by a script: presents a card, types its PIN, signs. */
import type { CardTray } from "../cards/index.ts";
import type { Entry } from "../journal/index.ts";
import type { Order } from "./order.ts";
import type { Prompt } from "./screen.ts";
import type { Stroke } from "./signature.ts";

export type ScriptedOrder = {
  readonly order: Order;
  /** Nothing is presented where the original's card is known. */
  readonly entry?: Entry | undefined;
  /** One card, or several at once in the field. */
  readonly cards: readonly string[];
  /** The demonstration card's own where none is given. */
  readonly pin?: string | undefined;
  /** Signs on paper where there are none. */
  readonly signature?: readonly Stroke[] | undefined;
};

export type Script = {
  readonly order: Order;
  readonly entry: Entry | undefined;
  readonly card: string;
  readonly cards: readonly string[];
  readonly pin: string | undefined;
  readonly signature: readonly Stroke[];
  /** What to do at this prompt; nothing where the person has no more to give. */
  readonly present: (prompt: Prompt) => "tap" | "unlock" | "swipe" | "nothing";
};

/** The script of an order, or why there is no such card. */
export function scriptCard(scripted: ScriptedOrder, tray: CardTray): Script | "unknown-card" {
  const { entry, cards, signature = [] } = scripted;
  const [card = ""] = cards;
  const known = tray
    .list()
    .find(({ name, faces = [] }) => name === card || faces.some((face) => face.name === card));
  const needed = entry === undefined || (entry === "manual" && scripted.order.keyed !== undefined);
  if (!known && !needed) return "unknown-card";
  const keyed = scripted.order.keyed ?? tray.keyed?.(card);
  if (entry === "manual" && !keyed) return "unknown-card";
  let presented = 0;
  return {
    order: {
      ...scripted.order,
      ...(entry === "manual" ? { keyed } : {}),
      readCard: entry !== undefined && entry !== "manual",
    },
    entry,
    card,
    cards,
    // The PIN of a card in a reader is not known here: a person types it.
    pin: scripted.pin ?? (known?.pin === "" ? undefined : known?.pin),
    signature,
    present: (prompt) => {
      presented += 1;
      if (entry === "swipe" && presented === 1) return "swipe";
      if (entry !== "tap") return "nothing";
      if (presented === 1) return "tap";
      return prompt === "see-phone" && presented === 2 ? "unlock" : "nothing";
    },
  };
}
