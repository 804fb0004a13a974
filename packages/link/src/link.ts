import type { Frame, FramingName } from "@tillway/iso8583";
import type { Cancel, Clock } from "./clock.ts";
import { acceptFrames, type Connection, type FrameLimits, type Socket } from "./connection.ts";

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
  const { clock, backoff = { first: 50, longest: 5000 }, connectMs = 5000 } = options;
  let connection: Connection | undefined;
  let socket: Socket | undefined;
  let pause = backoff.first;
  let cancel: Cancel = () => undefined;
  let over = false;

  const retry = (reason: string): void => {
    connection = undefined;
    socket = undefined;
    cancel();
    if (over) return;
    cancel = clock.after(pause, attempt);
    pause = Math.min(pause * 2, backoff.longest);
    options.onDown(reason);
  };
  const attempt = (): void => {
    const opened = options.connect();
    socket = opened;
    const failed = (reason: string): void => {
      if (socket !== opened || connection) return;
      opened.destroy();
      retry(reason);
    };
    cancel = clock.after(connectMs, () => failed("connect-timeout"));
    opened.on("error", () => failed("refused"));
    opened.on("close", () => failed("refused"));
    opened.on("connect", () => {
      if (socket !== opened) return;
      cancel();
      pause = backoff.first;
      connection = acceptFrames(opened, options.framing, options.limits, clock, {
        onFrame: options.onFrame,
        onClosed: retry,
      });
      options.onUp(connection);
    });
  };
  attempt();
  return {
    send: (frame) => connection?.send(frame) ?? false,
    up: () => connection !== undefined,
    drop: () => connection?.close(),
    close: () => {
      over = true;
      cancel();
      if (connection) connection.close();
      else socket?.destroy();
      connection = undefined;
      socket = undefined;
    },
  };
}
