/** The terminals' port: frames in, frames out; no peer can harm another. */
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Frame } from "@tillway/iso8583";
import {
  acceptFrames,
  type Clock,
  type Connection,
  type FrameLimits,
  type Socket as LinkSocket,
} from "@tillway/link";
import type { DeskAnswer, RefusedAtDesk } from "./counter.ts";

export type ListenerOptions = {
  readonly host: string;
  readonly port: number;
  /** Other processes may listen on the same port; the kernel deals connections out among them. */
  readonly reusePort: boolean;
  readonly limits: FrameLimits;
  readonly connections: number;
  readonly clock: Clock;
  /** `certified`: the terminal that the peer's certificate names; undefined on a plain line. */
  readonly handle: (frame: Frame, certified?: string) => Promise<DeskAnswer>;
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

/** What a listener needs besides its port. */
type HallOptions = Omit<ListenerOptions, "host" | "port" | "reusePort">;

/** What the connections of one listener share. */
type Hall = {
  readonly options: HallOptions;
  readonly live: Set<Connection>;
  readonly working: Set<Promise<void>>;
  closing: boolean;
};

/** The way in without a port: whoever has a socket hands it over. */
export type Reception = Omit<Listener, "port"> & {
  readonly accept: (socket: LinkSocket, certified?: string) => void;
};

export function openReception(options: HallOptions): Reception {
  const hall: Hall = { options, live: new Set(), working: new Set(), closing: false };
  return {
    accept: (socket, certified) => {
      if (hall.closing || hall.live.size >= options.connections) {
        options.onClosed("too-many-connections");
        socket.destroy();
        return;
      }
      serve(hall, socket, certified);
    },
    connections: () => hall.live.size,
    close: () => closeHall(hall),
  };
}

/** PEM texts of the server and of the authority that certified its terminals. */
export type TlsIdentity = {
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
};

/** The name in a verified peer's certificate; what has several is nobody's. */
function certifiedName(socket: TLSSocket): string {
  const { CN } = socket.getPeerCertificate().subject;
  return typeof CN === "string" ? CN : "";
}

function serverOf(reception: Reception, options: ListenerOptions, tls?: TlsIdentity): Server {
  if (!tls) {
    return createServer((socket) => {
      socket.setNoDelay(true);
      reception.accept(socket);
    });
  }
  const { key, certificate: cert, authority: ca } = tls;
  const rules = { requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2" } as const;
  const server = createTlsServer({ key, cert, ca, ...rules }, (socket) => {
    socket.setNoDelay(true);
    reception.accept(socket, certifiedName(socket));
  });
  server.on("tlsClientError", (_error, socket) => {
    options.onClosed("tls-refused");
    socket.destroy();
  });
  return server;
}

/** Resolves when the port is open; rejects where it is taken. With `tls`, peers need certificates. */
export async function listen(options: ListenerOptions, tls?: TlsIdentity): Promise<Listener> {
  const reception = openReception(options);
  const server = serverOf(reception, options, tls);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const { host, port, reusePort } = options;
    server.listen({ host, port, reusePort }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : options.port,
    connections: reception.connections,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      await reception.close();
      await closed;
    },
  };
}

async function closeHall(hall: Hall): Promise<void> {
  hall.closing = true;
  await Promise.all(hall.working);
  // Answers that are still in a socket's buffer leave before it ends.
  await new Promise<void>((resolve) => {
    hall.options.clock.after(0, resolve);
  });
  for (const connection of hall.live) connection.close();
}

function serve(hall: Hall, socket: LinkSocket, certified: string | undefined): void {
  const { options, live, working } = hall;
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
      const task = work(options, frame, from, certified)
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

async function work(
  options: Hall["options"],
  frame: Frame,
  connection: Connection,
  certified: string | undefined,
): Promise<void> {
  const began = options.clock.now();
  const answer = await options.handle(frame, certified);
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
