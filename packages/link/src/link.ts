import type { Frame, FramingName } from "@tillway/iso8583";
import type { Clock } from "./clock.ts";
import { acceptFrames, type Connection, type FrameLimits, type Socket } from "./connection.ts";
import { dial } from "./dial.ts";

export type LinkOptions = {
  /** Opens a new socket; called again after each loss. */
  readonly connect: () => Socket;
  readonly framing: FramingName;
  readonly limits: FrameLimits;
  readonly clock: Clock;
  /** First and longest pause between two attempts (ms); it doubles from one to the other. */
  readonly backoff?: { readonly first: number; readonly longest: number };
  /** How long one attempt may take (ms). */
  readonly connectMs?: number;
  readonly onUp: (connection: Connection) => void;
  readonly onFrame: (frame: Frame, connection: Connection) => void;
  readonly onDown: (reason: string) => void;
};

/** A connection that is kept open: it connects again by itself until it is closed. */
export type Link = {
  /** False where the link is down right now: nothing was sent. */
  readonly send: (frame: Frame) => boolean;
  readonly up: () => boolean;
  /** Drops the present connection, if any; the link connects again. */
  readonly drop: () => void;
  /** Ends the link for good. */
  readonly close: () => void;
};

/** Opens a link and keeps it open. `onDown` follows each `onUp`, and each failed attempt. */
export function openLink(options: LinkOptions): Link {
  const { framing, limits, clock, onFrame } = options;
  const line = dial<Connection>({
    ...options,
    take: (socket, lost) =>
      acceptFrames(socket, framing, limits, clock, { onFrame, onClosed: lost }),
  });
  return {
    send: (frame) => line.current()?.send(frame) ?? false,
    up: () => line.current() !== undefined,
    drop: () => line.current()?.close(),
    close: line.close,
  };
}
