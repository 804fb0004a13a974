/** What a card remembers while it is in a field, beside what its chip remembers for ever. */
import type { CardState } from "../../card/state.ts";

export type TapStage = "idle" | "selected" | "initiated" | "finished";

/**
 * One chip, two faces: `chip` is the contact card's state, whose counter and blocks count here too.
 * `unlocked` is a phone whose owner has just been verified. JSON-serialisable.
 */
export type TapCardState = {
  readonly chip: CardState;
  readonly unlocked: boolean;
  readonly stage: TapStage;
  /** Hex: values of the PDOL as the terminal gave them. */
  readonly pdolData: string;
};

/** A card that comes into a field. */
export function enterField(chip: CardState, unlocked = false): TapCardState {
  return { chip, unlocked, stage: "idle", pdolData: "" };
}

/** The state after the card has left the field: an unlocked phone stays so. */
export function leaveField(state: TapCardState): TapCardState {
  return enterField(state.chip, state.unlocked);
}

/** The owner has been verified on the phone; good for one payment. */
export function unlockPhone(state: TapCardState): TapCardState {
  return { ...state, unlocked: true };
}

/** What one command does. */
export type TapEffect = {
  readonly state: TapCardState;
  readonly sw: number;
  readonly data: Uint8Array;
};

/** A refusal. */
export function refuse(state: TapCardState, sw: number): TapEffect {
  return { state, sw, data: new Uint8Array(0) };
}
