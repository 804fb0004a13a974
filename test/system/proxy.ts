import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { createFrameReader, writeFrame, type Frame, type FramingName } from "@tillway/iso8583";

/** Which way a frame goes: up towards the host, down towards the one who connected. */
export type Direction = "up" | "down";

/** What the proxy does with a frame it was asked about. */
export type Treatment = "pass" | "hold" | "drop" | "half";

/** Asked about every frame; the first answer that is not "pass" holds. */
export type Rule = (direction: Direction, frame: Frame) => Treatment;

/** A TCP proxy that sees whole frames: it can hold, drop or halve them, and cut every connection. */
export type Proxy = {
  readonly port: number;
  /** Every frame seen so far, in order. */
  readonly seen: readonly { readonly direction: Direction; readonly frame: Frame }[];
  /** Sets the rule; undefined lets everything pass. Held frames stay held. */
  readonly rule: (rule: Rule | undefined) => void;
  /** Lets held frames go on, in their order, where their connection still stands. */
  readonly release: () => void;
  /** Ends every connection; new ones are refused while `shut` is true. */
  readonly cut: (shut?: boolean) => void;
  readonly close: () => Promise<void>;
};

/** Starts a proxy in front of a port of 127.0.0.1. */
export async function startProxy(target: () => number, framing: FramingName): Promise<Proxy> {
  const seen: { direction: Direction; frame: Frame }[] = [];
  const sockets = new Set<Socket>();
  let held: (() => void)[] = [];
  let rule: Rule | undefined;
  let shut = false;

  const pump = (from: Socket, to: Socket, direction: Direction): void => {
    const reader = createFrameReader(framing, { maximum: 65_535 });
    from.on("data", (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) {
        seen.push({ direction, frame });
        const treatment = rule?.(direction, frame) ?? "pass";
        const bytes = writeFrame(framing, frame);
        if (treatment === "pass") to.write(bytes);
        if (treatment === "hold") held.push(() => to.writable && to.write(bytes));
        if (treatment === "half") to.write(bytes.subarray(0, bytes.length >> 1));
      }
    });
    from.on("error", () => undefined);
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const server = createServer((socket) => {
    if (shut) {
      socket.destroy();
      return;
    }
    const host = connect(target(), "127.0.0.1");
    for (const one of [socket, host]) sockets.add(one);
    pump(socket, host, "up");
    pump(host, socket, "down");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (andShut = false): void => {
    shut = andShut;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    rule: (next) => {
      rule = next;
    },
    release: () => {
      for (const go of held) go();
      held = [];
    },
    cut,
    close: () => {
      cut(true);
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
