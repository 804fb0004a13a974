import {
  type Answer,
  type Answers,
  type Command,
  createRemoteModule,
  ProtocolError,
  type RemoteModule,
  type SecurityModule,
} from "@tillway/keys";
import type { Cancel, Clock } from "./clock.ts";
import type { Socket } from "./connection.ts";
import { dial } from "./dial.ts";

/** The security module cannot be reached, or did not answer. Commands are never half done. */
export class ModuleLost extends Error {
  override readonly name = "ModuleLost";
  /** A word fit for a counter's label. */
  readonly reason: string;

  constructor(reason: string) {
    super(`the security module cannot be asked: ${reason}`);
    this.reason = reason;
  }
}

export type ModuleLinkOptions = {
  /** Opens a new socket to the module's process; called again after each loss. */
  readonly connect: () => Socket;
  readonly clock: Clock;
  /** How long commands wait for a connection, and for an answer on it (ms); 5000 unless given. */
  readonly patienceMs?: number;
  /** `up`, or why the connection is gone. */
  readonly onEvent?: (event: string) => void;
};

/** The security module of another process, over a connection that is kept open. */
export type ModuleLink = SecurityModule & { readonly close: () => void };

type Waiting = {
  readonly resolve: (line: Line) => void;
  readonly reject: (reason: Error) => void;
  readonly cancel: Cancel;
};

type Line = { readonly remote: RemoteModule; readonly close: () => void };

/**
 * Opens a link to a security module and keeps it open. Commands whose connection was lost are sent
 * once more over the next: the module keeps nothing between commands, so that doing one again is
 * the same as doing it once. Whatever stays unanswered is rejected with ModuleLost; nothing hangs.
 */
export function openModuleLink(options: ModuleLinkOptions): ModuleLink {
  const { connect, clock, patienceMs = 5000, onEvent } = options;
  const waiting = new Set<Waiting>();
  let over = false;

  const line = dial<Line>({
    connect,
    clock,
    backoff: { first: 20, longest: 500 },
    take: (socket, lost) => openLine(socket, clock, patienceMs, lost),
    onUp: (opened) => {
      onEvent?.("up");
      for (const { resolve, cancel } of waiting) {
        cancel();
        resolve(opened);
      }
      waiting.clear();
    },
    onDown: (reason) => onEvent?.(reason),
  });

  const connected = (): Promise<Line> =>
    new Promise((resolve, reject) => {
      const one: Waiting = {
        resolve,
        reject,
        cancel: clock.after(patienceMs, () => {
          waiting.delete(one);
          reject(new ModuleLost("no-connection"));
        }),
      };
      waiting.add(one);
    });

  const ask = async <T>(send: (remote: RemoteModule) => Promise<T>): Promise<T> => {
    for (let again = false; ; again = true) {
      if (over) throw new ModuleLost("closed-here");
      const { remote } = line.current() ?? (await connected());
      try {
        return await send(remote);
      } catch (error) {
        // A module that takes its time would only be asked for more.
        const lost = error instanceof ModuleLost && error.reason !== "not-answering";
        if (!lost || again) throw error;
      }
    }
  };

  return {
    run: async <const C extends Command>(command: C): Promise<Answer<C>> =>
      ask((remote) => remote.run(command)),
    runAll: async <const C extends readonly Command[]>(commands: C): Promise<Answers<C>> =>
      ask((remote) => remote.runAll(commands)),
    close: () => {
      over = true;
      line.close();
      for (const { reject, cancel } of waiting) {
        cancel();
        reject(new ModuleLost("closed-here"));
      }
      waiting.clear();
    },
  };
}

/** One connection: closed when it breaks, speaks no protocol or leaves a command unanswered. */
function openLine(
  socket: Socket,
  clock: Clock,
  patienceMs: number,
  lost: (reason: string) => void,
): Line {
  let silence: Cancel = () => undefined;
  let closed = false;
  const finish = (reason: string): void => {
    if (closed) return;
    closed = true;
    silence();
    socket.destroy();
    lost(reason);
    // Afterwards, so that what is sent again finds no connection and waits for the next.
    remote.close(new ModuleLost(reason));
  };
  const watch = (): void => {
    silence();
    if (remote.waiting > 0) silence = clock.after(patienceMs, () => finish("not-answering"));
  };
  const remote = createRemoteModule({
    send: (bytes) => {
      socket.write(bytes);
      watch();
    },
  });
  socket.on("data", (chunk) => {
    if (closed) return;
    try {
      remote.receive(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      finish("no-protocol");
      return;
    }
    watch();
  });
  socket.on("error", () => finish("socket-error"));
  socket.on("end", () => finish("closed-by-peer"));
  socket.on("close", () => finish("closed-by-peer"));
  return { remote, close: () => finish("closed-here") };
}
