import { createFrameReader, FrameError, writeFrame } from "@tillway/iso8583";
import type { Frame, FramingName } from "@tillway/iso8583";
import type { Cancel, Clock } from "./clock.ts";

/** What is needed of a stream socket; `net.Socket` and `tls.TLSSocket` have it. */
export type Socket = {
  readonly write: (bytes: Uint8Array) => boolean;
  /** Holds back what is written until `uncork`, where the socket can. */
  readonly cork?: () => void;
  readonly uncork?: () => void;
  readonly end: () => unknown;
  readonly destroy: () => unknown;
  readonly writableLength: number;
  readonly remoteAddress?: string | undefined;
  on(event: "data", heard: (chunk: Uint8Array) => void): unknown;
  on(event: "error", heard: (error: Error) => void): unknown;
  on(event: "connect" | "end" | "close", heard: () => void): unknown;
};

/** Bounds that keep one peer from harming the others. */
export type FrameLimits = {
  /** Longest frame, in bytes after the length prefix. */
  readonly maximum: number;
  /** A peer that is silent this long is closed (ms). */
  readonly idleMs: number;
  /** A peer that began a frame must finish it within this time (ms). */
  readonly stallMs: number;
  /** Answers that a peer does not read pile up to this many bytes, then it is closed. */
  readonly unsent: number;
};

/** One live peer. */
export type Connection = {
  /** Queues a frame; false where the peer is gone. */
  readonly send: (frame: Frame) => boolean;
  readonly close: () => void;
  readonly peer: string;
};

export type FrameHandlers = {
  readonly onFrame: (frame: Frame, connection: Connection) => void;
  /** Called once; `reason` is a word fit for a counter's label. */
  readonly onClosed?: (reason: string, connection: Connection) => void;
};

/** Holds a socket's bytes back for the present turn: its frames leave in one call to the system. */
function holdingTogether(socket: Socket): () => void {
  let held = false;
  return () => {
    if (held || !socket.cork) return;
    held = true;
    socket.cork();
    queueMicrotask(() => {
      held = false;
      socket.uncork?.();
    });
  };
}

/**
 * Reads frames from a connected socket and hands them over one by one. The peer is closed when it
 * sends a frame that is too long or cannot be one, stalls in a frame, is silent, or does not read.
 */
export function acceptFrames(
  socket: Socket,
  framing: FramingName,
  limits: FrameLimits,
  clock: Clock,
  handlers: FrameHandlers,
): Connection {
  const reader = createFrameReader(framing, { maximum: limits.maximum });
  let closed = false;
  const hold = holdingTogether(socket);
  let idle: Cancel = () => undefined;
  let stall: Cancel | undefined;

  const finish = (reason: string): void => {
    if (closed) return;
    closed = true;
    idle();
    stall?.();
    // What was sent in this turn still leaves.
    socket.uncork?.();
    socket.destroy();
    handlers.onClosed?.(reason, connection);
  };
  const connection: Connection = {
    peer: socket.remoteAddress ?? "",
    send: (frame) => {
      if (closed) return false;
      hold();
      socket.write(writeFrame(framing, frame));
      if (socket.writableLength > limits.unsent) finish("not-reading");
      return !closed;
    },
    close: () => finish("closed-here"),
  };
  const watch = (): void => {
    idle();
    idle = clock.after(limits.idleMs, () => finish("idle"));
    if (reader.pending === 0) {
      stall?.();
      stall = undefined;
    } else {
      stall ??= clock.after(limits.stallMs, () => finish("stalled"));
    }
  };

  const hand = (frames: readonly Frame[]): void => {
    for (const frame of frames) if (!closed) handlers.onFrame(frame, connection);
  };

  socket.on("data", (chunk) => {
    if (closed) return;
    let frames: readonly Frame[];
    try {
      frames = reader.push(chunk);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      // What came whole before the broken frame still counts.
      hand(error.frames);
      finish("bad-frame");
      return;
    }
    // A finished frame restarts the stall clock of the one that began behind it.
    if (frames.length > 0) {
      stall?.();
      stall = undefined;
    }
    watch();
    hand(frames);
  });
  socket.on("error", () => finish("socket-error"));
  socket.on("end", () => finish("closed-by-peer"));
  socket.on("close", () => finish("closed-by-peer"));
  watch();
  return connection;
}
