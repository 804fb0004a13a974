/** The terminals' port: frames in, frames out; no peer can harm another. */
import { createServer, type Server, type Socket } from "node:net";
import type { Frame } from "@tillway/iso8583";
import { acceptFrames, type Clock, type Connection, type FrameLimits } from "@tillway/link";
import type { DeskAnswer, RefusedAtDesk } from "./counter.ts";

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

/** What the connections of one listener share. */
type Hall = {
  readonly options: ListenerOptions;
  readonly live: Set<Connection>;
  readonly working: Set<Promise<void>>;
  closing: boolean;
};

/** Resolves when the port is open; rejects where it is taken. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const hall: Hall = { options, live: new Set(), working: new Set(), closing: false };
  const server = createServer((socket) => {
    if (hall.closing || hall.live.size >= options.connections) {
      options.onClosed("too-many-connections");
      socket.destroy();
      return;
    }
    serve(hall, socket);
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
    connections: () => hall.live.size,
    close: () => closeHall(hall, server),
  };
}

async function closeHall(hall: Hall, server: Server): Promise<void> {
  hall.closing = true;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  await Promise.all(hall.working);
  // Answers that are still in a socket's buffer leave before it ends.
  await new Promise<void>((resolve) => {
    hall.options.clock.after(0, resolve);
  });
  for (const connection of hall.live) connection.close();
  await closed;
}

function serve(hall: Hall, socket: Socket): void {
  const { options, live, working } = hall;
  socket.setNoDelay(true);
  let outstanding = 0;
  const connection = acceptFrames(socket, "2be-tpdu-header6", options.limits, options.clock, {
    onFrame: (frame, from) => {
      if (hall.closing) return;
      outstanding += 1;
      if (outstanding > OUTSTANDING) {
        options.onClosed("too-many-outstanding");
        from.close();
        return;
      }
      const task = work(options, frame, from)
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
}

async function work(options: ListenerOptions, frame: Frame, connection: Connection): Promise<void> {
  const began = options.clock.now();
  const answer = await options.handle(frame);
  options.onAnswer(answer, options.clock.now() - began);
  switch (answer.kind) {
    case "reply":
      if (answer.refused) options.onRefused(answer.refused, connection.peer);
      connection.send(answer.frame);
      break;
    case "close":
      options.onClosed(answer.reason);
      connection.close();
      break;
    case "nothing":
      break;
  }
}
