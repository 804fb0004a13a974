/** The socket at which a security module is asked: for its owner alone, one process at a time. */
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { ProtocolError, type SecurityModule, serveModule } from "@tillway/keys";

export type ServerOptions = {
  readonly module: SecurityModule;
  /** Path of the Unix socket. */
  readonly path: string;
  /** Told what happened to a connection or a batch; nothing of what was in it. */
  readonly onEvent: (event: string, reason?: unknown) => void;
};

/** Answers that a client does not read pile up to this many bytes; then it is read no further. */
const UNREAD = 1 << 20;

/** Opens the socket. Rejects where another process answers there, or something else is there. */
export async function openServer(
  options: ServerOptions,
): Promise<{ readonly close: () => Promise<void> }> {
  const { path } = options;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await removeLeftOver(path);
  const live = new Set<Socket>();
  const server = createServer((socket) => {
    live.add(socket);
    socket.on("close", () => live.delete(socket));
    serve(options, socket);
  });
  await listen(server, path);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      // What was asked is answered at once: only what is still on its way to us is cut off.
      for (const socket of live) socket.destroySoon();
      await closed;
    },
  };
}

function serve({ module, onEvent }: ServerOptions, socket: Socket): void {
  onEvent("connected");
  const { receive } = serveModule(module, {
    send: (bytes) => {
      if (socket.destroyed) return;
      socket.write(bytes);
      if (socket.writableLength > UNREAD) socket.pause();
    },
    onFailure: (reason) => onEvent("a batch failed", reason),
  });
  socket.on("drain", () => socket.resume());
  socket.on("data", (chunk: Uint8Array) => {
    try {
      receive(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      onEvent("a client that speaks another protocol was cut off", error);
      socket.destroy();
    }
  });
  // A client that is gone is seen by the closing of its socket.
  socket.on("error", () => undefined);
  socket.on("close", () => onEvent("disconnected"));
}

/** Only the owner may connect: from the first moment, as the mode is the socket's from its birth. */
async function listen(server: Server, path: string): Promise<void> {
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
}

/** Removes the socket of a process that was killed. */
async function removeLeftOver(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) throw new Error(`${path}: something other than a socket is there`);
  if (await answers(path)) throw new Error(`${path}: another security module is at work there`);
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
