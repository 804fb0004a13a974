/** Frames of the institution interface: the 46-byte header names sender and receiver. */
import { buildCupsHeader, type Frame } from "@tillway/iso8583";
import type { FrameLimits } from "@tillway/link";

export type Address = { readonly host: string; readonly port: number };

/** The network's institution id, as all members know it. */
export const NETWORK_INSTITUTION = "00010000";

export const CUPS_FRAMING = "cups46";

/** Members are few and trusted, but one that breaks must not harm the others. */
export const LINK_LIMITS: FrameLimits = {
  maximum: 4096,
  idleMs: 180_000,
  stallMs: 10_000,
  unsent: 1 << 20,
};

/** A message from one institution to another; "" where the other has not said who it is. */
export function cupsFrame(source: string, destination: string, payload: Uint8Array): Frame {
  return { header: buildCupsHeader({ source, destination }), payload };
}
