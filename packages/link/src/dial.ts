import type { Cancel, Clock } from "./clock.ts";
import type { Socket } from "./connection.ts";

export type DialOptions<C> = {
  /** Opens a new socket; called again after each loss. */
  readonly connect: () => Socket;
  readonly clock: Clock;
  /** First and longest pause between two attempts (ms); it doubles from one to the other. */
  readonly backoff?: { readonly first: number; readonly longest: number } | undefined;
  /** How long one attempt may take (ms). */
  readonly connectMs?: number | undefined;
  /** Makes a connection of a socket that is connected; it calls `lost` once when it is over. */
  readonly take: (socket: Socket, lost: (reason: string) => void) => C;
  readonly onUp: (connection: C) => void;
  /** Follows each `onUp`, and each failed attempt. */
  readonly onDown: (reason: string) => void;
};

/** A place where a connection is kept up until it is closed. */
export type Dialled<C> = {
  /** The connection, while there is one. */
  readonly current: () => C | undefined;
  /** Ends it for good. */
  readonly close: () => void;
};

/** Connects, and connects again after each loss. */
export function dial<C extends { readonly close: () => void }>(
  options: DialOptions<C>,
): Dialled<C> {
  const { clock, backoff = { first: 50, longest: 5000 }, connectMs = 5000 } = options;
  let connection: C | undefined;
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
      connection = options.take(opened, retry);
      options.onUp(connection);
    });
  };
  attempt();
  return {
    current: () => connection,
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
