/** The card's own log of what it approved (PBOC, tag 9F4D and 9F4F). */
import { fromHex, toHex } from "@tillway/bytes";
import { buildDol } from "../dol.ts";
import type { AnyCardImage } from "./image.ts";
import { counterBytes } from "./state.ts";
import type { CardState } from "./state.ts";

/** The state with one more record, the newest first; the oldest falls off the end. */
export function logged(
  image: AnyCardImage,
  state: CardState,
  values: ReadonlyMap<string, Uint8Array>,
): CardState {
  const { log } = image.profile;
  if (log === undefined) return state;
  const all = new Map([...values, ["9F36", counterBytes(state.atc)]]);
  const entry = toHex(buildDol(fromHex(log.format), all));
  return { ...state, log: [entry, ...(state.log ?? [])].slice(0, log.records) };
}
