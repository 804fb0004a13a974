/** A card in a reader slot: the pure card behind the interface a kernel's driver speaks to. */
import { answer, ATR } from "./answer.ts";
import type { AnyCardImage, Random } from "./image.ts";
import { resetCard } from "./state.ts";
import type { CardState } from "./state.ts";

/** Anything that answers commands: this simulator, or a reader of real cards. */
export interface Card {
  readonly atr: Uint8Array;
  /** Command bytes in, response bytes with their status word out. Rejects when the card is gone. */
  transmit(command: Uint8Array): Promise<Uint8Array>;
}

/**
 * A card put into a slot, reset. `keep` must have made the new state durable when it resolves: only
 * then does the answer leave, so that counters never go back. Where it rejects, so does `transmit`,
 * and the state stays as it was. One command at a time, as with a real card.
 */
export function insertCard(input: {
  readonly image: AnyCardImage;
  readonly state: CardState;
  readonly random: Random;
  readonly keep: (state: CardState) => Promise<void>;
}): Card {
  let state = resetCard(input.state);
  let before: Promise<unknown> = Promise.resolve();
  const run = async (command: Uint8Array): Promise<Uint8Array> => {
    const next = answer(input.image, state, command, input.random);
    await input.keep(next.state);
    state = next.state;
    if (next.response.length === 0) throw new Error("the card gave no answer");
    return next.response;
  };
  return {
    atr: ATR,
    transmit(command) {
      const result = before.then(() => run(command));
      before = result.catch(() => undefined);
      return result;
    },
  };
}
