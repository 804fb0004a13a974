/** A card in a reader's field: the pure card behind the interface a reader's driver speaks to. */
import { ATR } from "../../card/answer.ts";
import type { Random } from "../../card/image.ts";
import type { Card } from "../../card/reader.ts";
import { answerContactless } from "./answer.ts";
import type { ContactlessImage } from "./image.ts";
import { leaveField } from "./state.ts";
import type { TapCardState } from "./state.ts";

/**
 * A card held into the field. `keep` must have made the new state durable when it resolves: only
 * then does the answer leave, so that the counter never goes back. Where it rejects, so does
 * `transmit`, and the state stays as it was. One command at a time.
 */
export function tapCard(input: {
  readonly image: ContactlessImage;
  readonly state: TapCardState;
  readonly random: Random;
  readonly keep: (state: TapCardState) => Promise<void>;
}): Card {
  let state = leaveField(input.state);
  let before: Promise<unknown> = Promise.resolve();
  const run = async (command: Uint8Array): Promise<Uint8Array> => {
    const next = answerContactless(input.image, state, command, input.random);
    await input.keep(next.state);
    state = next.state;
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
