/** The terminals' port: frames in, frames out; no peer can harm another. */
import { createServer, type Server, type Socket } from "node:net";
import type { Frame } from "@tillway/iso8583";
import { acceptFrames, type Clock, type Connection, type FrameLimits } from "@tillway/link";
import type { DeskAnswer, RefusedAtDesk } from "./desk.ts";

export type ListenerOptions = {
  readonly host: string;
  readonly port: number;
  readonly limits: FrameLimits;
  readonly connections: number;
  readonly clock: Clock;
  readonly handle: (frame: Frame) => Promise<DeskAnswer>;
  readonly onAnswer: (answer: DeskAnswer, elapsedMs: number) => void;
  readonly onRefused: (refused: RefusedAtDesk, peer: string) => void;
  readonly onClosed: (reason: string) => void;
  readonly onFault: (what: string, error: unknown) => void;
};

export type Listener = {
  readonly port: number;
  readonly connections: () => number;
  /** Takes no new connections and no new messages, and waits until every message is answered. */
  readonly close: () => Promise<void>;
};

/** Messages of one connection that may wait for their answers at one time. */
const OUTSTANDING = 64;

/** Resolves when the port is open; rejects where it is taken. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { clock } = options;
  const live = new Set<Connection>();
  const working = new Set<Promise<void>>();
  let closing = false;

  const work = async (frame: Frame, connection: Connection): Promise<void> => {
    const began = clock.now();
    const answer = await options.handle(frame);
    options.onAnswer(answer, clock.now() - began);
    if (answer.kind === "reply") {
      if (answer.refused) options.onRefused(answer.refused, connection.peer);
      connection.send(answer.frame);
    }
    if (answer.kind === "close") {
      options.onClosed(answer.reason);
      connection.close();
    }
  };
  const serve = (socket: Socket): void => {
    socket.setNoDelay(true);
    let outstanding = 0;
    const connection = acceptFrames(socket, "2be-tpdu-header6", options.limits, clock, {
      onFrame: (frame, from) => {
        if (closing) return;
        outstanding += 1;
        if (outstanding > OUTSTANDING) {
          options.onClosed("too-many-outstanding");
          from.close();
          return;
        }
        const task = work(frame, from)
          .catch((error: unknown) => {
            // Nothing is said: the terminal's own timer decides, as if the message had been lost.
            options.onFault("a terminal's message was not handled", error);
          })
          .finally(() => {
            outstanding -= 1;
            working.delete(task);
          });
        working.add(task);
      },
      onClosed: (reason, gone) => {
        live.delete(gone);
        if (reason !== "closed-here") options.onClosed(reason);
      },
    });
    live.add(connection);
  };
  const server: Server = createServer((socket) => {
    if (closing || live.size >= options.connections) {
      options.onClosed("too-many-connections");
      socket.destroy();
      return;
    }
    serve(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : options.port,
    connections: () => live.size,
    close: async () => {
      closing = true;
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      await Promise.all(working);
      // Answers that are still in a socket's buffer leave before it ends.
      await new Promise<void>((resolve) => {
        clock.after(0, resolve);
      });
      for (const connection of live) connection.close();
      await closed;
    },
  };
}
