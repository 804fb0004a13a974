/** The link to the card network: kept open, signed on, with fresh keys, matched by 7+11+32+33. */
import { buildCupsHeader, cups, decode, encode, type Frame, type Message } from "@tillway/iso8583";
import type { KeyBlock } from "@tillway/keys";
import { createPending, openLink, type Connection, type Socket } from "@tillway/link";
import { encodeSigned, isSignedBy } from "./mac.ts";
import {
  exchangeOn,
  matchOf,
  signOn,
  watch,
  type Exchanged,
  type Heard,
  type Line,
  type LinkKeys,
} from "./network-line.ts";

export type { Heard } from "./network-line.ts";

type FromLine =
  | ("clock" | "module" | "acquirer" | "mac" | "replyMs" | "echoMs" | "transmit")
  | ("zmk" | "keep" | "onEvent" | "onFault");

export type NetworkLinkOptions = Pick<Line, FromLine> & {
  readonly connect: () => Socket;
  readonly network: string;
  /** MAC keys of earlier sign-ons, for answers that come late. */
  readonly earlierZaks: readonly KeyBlock[];
  readonly onUp: () => void;
  readonly onLate: (heard: Heard) => Promise<void>;
};

export type NetworkLink = {
  /** The keys of the present sign-on; undefined while the link is not signed on. */
  readonly keys: () => LinkKeys | undefined;
  /** Sends a message with its MAC and waits for the reply. */
  readonly exchange: (message: Message) => Promise<Exchanged>;
  readonly close: () => void;
};

const LIMITS = { maximum: 4096, stallMs: 10_000, unsent: 1 << 20 };
/** Pause after a sign-on that was refused. */
const REFUSED_MS = 1000;

/** Opens the link; it connects, signs on and probes by itself until it is closed. */
export function openNetworkLink(options: NetworkLinkOptions): NetworkLink {
  const { clock, acquirer: source, network: destination } = options;
  const line: Line = {
    ...options,
    header: buildCupsHeader({ source, destination }),
    pending: createPending<Heard>(clock),
    present: undefined,
    keys: undefined,
    zaks: options.earlierZaks,
    probe: () => undefined,
  };
  const down = (): void => {
    line.present = undefined;
    line.keys = undefined;
    line.probe();
    line.pending.abandon();
  };
  const link = openLink({
    connect: options.connect,
    framing: "cups46",
    limits: { ...LIMITS, idleMs: options.echoMs * 3 + options.replyMs },
    clock,
    onUp: (connection) => {
      line.present = connection;
      options.onEvent("link-connected");
      begin(line, connection, options.onUp).catch((error: unknown) => {
        options.onFault("sign-on to the network failed", error);
        connection.close();
      });
    },
    onFrame: (frame, connection) => {
      hear(line, frame, connection, options.onLate).catch((error: unknown) => {
        options.onEvent("unreadable-network-message");
        options.onFault("a message of the network was not handled", error);
      });
    },
    onDown: (reason) => {
      if (line.present) options.onEvent(`link-down-${reason}`);
      down();
    },
  });
  return {
    keys: () => line.keys,
    exchange: (message) => exchange(line, message),
    close: () => {
      link.close();
      down();
    },
  };
}

async function begin(line: Line, connection: Connection, onUp: () => void): Promise<void> {
  const done = await signOn(line, connection);
  if (line.present !== connection) return;
  line.onEvent(done ? "link-up" : "sign-on-refused");
  if (done) onUp();
  else line.clock.after(REFUSED_MS, () => connection.close());
}

async function hear(
  line: Line,
  frame: Frame,
  connection: Connection,
  onLate: (heard: Heard) => Promise<void>,
): Promise<void> {
  watch(line);
  const message = decode(cups, frame.payload);
  const { fields, mti } = message;
  if (mti === "0800") {
    const same = Object.entries(fields).filter(([number]) => number !== "128");
    const code = fields["70"] === "301" ? "00" : "40";
    const reply = { mti: "0810", fields: { ...Object.fromEntries(same), "39": code } };
    connection.send({ header: line.header, payload: encode(cups, reply) });
    return;
  }
  const signed = fields["128"] !== undefined;
  const authentic = signed && (await isSignedBy(line.module, frame.payload, line.zaks, line.mac));
  const heard: Heard = { message, authentic };
  if (!line.pending.settle(matchOf(mti, fields), heard)) await onLate(heard);
}

async function exchange(line: Line, message: Message): Promise<Exchanged> {
  const { present: connection, keys } = line;
  if (!connection || !keys) return { kind: "unreachable" };
  const mac = { key: keys.zak, algorithm: line.mac };
  const payload = await encodeSigned(line.module, cups, message, mac);
  if (line.present !== connection) return { kind: "unreachable" };
  return exchangeOn(line, connection, message, payload);
}
