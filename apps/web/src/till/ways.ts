/** In which ways a card can be presented right now. */
import type { Screen } from "./screen.ts";

export type Ways = {
  readonly insert: boolean;
  readonly tap: boolean;
  readonly swipe: boolean;
  /** A locked phone was there: it can be unlocked and held there again. */
  readonly unlock: boolean;
};

export function waysAt({ phase, prompt, card }: Pick<Screen, "phase" | "prompt" | "card">): Ways {
  const asking = phase === "card" && card === null;
  const broken = prompt === "swipe-card";
  const contacts = prompt === "insert-card" || prompt === "insert-or-swipe" || broken;
  return {
    insert: asking,
    tap: asking && !contacts,
    // A card whose chip failed may still be in the slot.
    swipe: asking || (phase === "card" && broken),
    unlock: asking && prompt === "see-phone",
  };
}
