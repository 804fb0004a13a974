/** The card of a request: its number and tracks in the clear, for as long as the request lives. */
import type { MessageFields } from "@tillway/iso8583";
import type { KeyBlock, SecurityModule } from "@tillway/keys";
import { luhnValid } from "@tillway/money";

/** Never stored, never logged. `tracks` are DE 35 and 36 as the network gets them. */
export type Card = {
  readonly pan: string;
  readonly tracks: Readonly<Record<string, string>>;
};

export type CardReading =
  | { readonly ok: true; readonly card: Card }
  | { readonly ok: false; readonly reason: "wrong-card" | "wrong-pin" };

/** Third digit of DE 53: the tracks are encrypted under the session's track key (spec §2.6). */
const tracksHidden = (fields: MessageFields): boolean => fields["53"]?.charAt(2) === "1";

/** Opens the tracks inside the security module and finds the card number. */
export async function readCard(
  module: SecurityModule,
  tdk: KeyBlock,
  fields: MessageFields,
): Promise<CardReading> {
  const tracks: Record<string, string> = {};
  for (const number of ["35", "36"] as const) {
    const track = fields[number];
    if (track === undefined) continue;
    if (!tracksHidden(fields)) {
      tracks[number] = track.replaceAll("D", "=");
      continue;
    }
    const opened = await module.run({ do: "decrypt-track", key: tdk, track });
    if (!opened.ok) return { ok: false, reason: "wrong-pin" };
    tracks[number] = opened.track;
  }
  const onTrack = tracks["35"]?.split("=")[0];
  const pan = fields["2"] ?? onTrack;
  if (pan === undefined || !luhnValid(pan) || (onTrack !== undefined && onTrack !== pan)) {
    return { ok: false, reason: "wrong-card" };
  }
  return { ok: true, card: { pan, tracks } };
}

/**
 * The PIN block under the network's PIN key; undefined where the request has none, false where it
 * does not open. Only blocks that are bound to the card number are taken (DE 53 position 1 = 2).
 */
export async function translatePin(
  module: SecurityModule,
  keys: { readonly pik: KeyBlock; readonly zpk: KeyBlock },
  block: Uint8Array | undefined,
  security: string | undefined,
  pan: string,
): Promise<Uint8Array | undefined | false> {
  if (block === undefined) return undefined;
  if (security?.charAt(0) !== "2") return false;
  const { pik: from, zpk: to } = keys;
  const formats = { fromFormat: 0, toFormat: 0 } as const;
  const made = await module.run({ do: "translate-pin", from, to, block, pan, ...formats });
  return made.ok ? made.block : false;
}
