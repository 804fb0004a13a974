/**
 * A card for vsmartcard's virtual reader: connects to vpcd, which is the insertion, and answers what
 * the reader asks until the connection ends, which is the removal. Protocol: every message is a
 * length of two bytes and as many bytes; a single byte from the reader is a control.
 */
import { connect, type Socket } from "node:net";
import { fromHex } from "@tillway/bytes";
import type { Card } from "@tillway/emv";

export const VPCD_PORT = 35_963;

const CONTROL = { off: 0, on: 1, reset: 2, atr: 4 } as const;

/** A card that has power. `cut` takes the power away: what a session held is gone. */
export type Powered = { readonly card: Card; readonly cut: () => void };

export type CardInReader = {
  /** The commands that came, each as its instruction byte in hex. */
  readonly instructions: readonly string[];
  /** Resolves once the card is out, however it came out. */
  readonly out: Promise<void>;
  readonly remove: () => void;
};

export type Insertion = {
  readonly port: number;
  /** Gives the card power; called again after each loss of it. */
  readonly power: () => Powered;
  /** Answer to reset, where the reader is to be told another than the card's own. */
  readonly atr?: Uint8Array;
  /** Torn out in place of the answer to the nth command with this instruction. */
  readonly tear?: { readonly instruction: string; readonly time: number } | undefined;
  /** Says nothing to a command with this instruction, and stays in. */
  readonly mute?: string | undefined;
};

/** Puts a card into the virtual reader; resolves once it is in. Rejects where nothing listens. */
export async function insertIntoVpcd(insertion: Insertion): Promise<CardInReader> {
  const socket = connect({ host: "127.0.0.1", port: insertion.port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const instructions: string[] = [];
  let powered: Powered | undefined;
  const cut = (): void => {
    powered?.cut();
    powered = undefined;
  };
  const out = new Promise<void>((resolve) => {
    socket.on("close", () => {
      cut();
      resolve();
    });
  });
  socket.on("error", () => socket.destroy());

  const control = (code: number | undefined): void => {
    if (code === CONTROL.atr) {
      powered ??= insertion.power();
      send(socket, insertion.atr ?? powered.card.atr);
      return;
    }
    cut();
    if (code === CONTROL.on || code === CONTROL.reset) powered = insertion.power();
  };
  const command = async (bytes: Uint8Array): Promise<void> => {
    const instruction = (bytes[1] ?? 0).toString(16).toUpperCase().padStart(2, "0");
    instructions.push(instruction);
    powered ??= insertion.power();
    // What the card has done, it has done, also where its answer never leaves.
    const response = await powered.card.transmit(bytes);
    const time = instructions.filter((one) => one === instruction).length;
    const { tear, mute } = insertion;
    if (mute === instruction) return;
    if (tear?.instruction === instruction && tear.time === time) socket.destroy();
    else send(socket, response);
  };
  readMessages(socket, (bytes) => (bytes.length === 1 ? control(bytes[0]) : command(bytes)));
  return { instructions, out, remove: () => socket.destroy() };
}

function send(socket: Socket, bytes: Uint8Array): void {
  socket.write(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]));
}

/** Cuts the stream into messages and handles them one after the other. */
function readMessages(socket: Socket, handle: (bytes: Uint8Array) => Promise<void> | void): void {
  let rest: Buffer = Buffer.alloc(0);
  let before: Promise<void> = Promise.resolve();
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const length = rest.readUInt16BE(0);
      const message = Uint8Array.from(rest.subarray(2, 2 + length));
      rest = rest.subarray(2 + length);
      before = before.then(() => handle(message)).catch(() => void socket.destroy());
    }
  });
}

/** Answers to reset of contact cards (EMV Book 1 §8.3): one that speaks T=1, one that speaks T=0. */
export const T1_ATR: Uint8Array = fromHex("3BE000FF8131FE4514");
export const T0_ATR: Uint8Array = fromHex("3B6500002063CB6A00");

/**
 * The same card behind T=0 (EMV Book 1 §9.2.2): a command with data has no Le and its answer waits
 * for GET RESPONSE (61xx); one that asks for another length than there is is told the right one (6Cxx).
 */
export function overT0(card: Card): Card {
  let held: Uint8Array | undefined;
  const transmit = async (command: Uint8Array): Promise<Uint8Array> => {
    const lc = command[4] ?? 0;
    if (command[1] === 0xc0 && held) {
      const response = give(held, lc);
      if (response.length > 2) held = undefined;
      return response;
    }
    held = undefined;
    if (command.length === 5) {
      // A length that is wrong is answered before the card does anything: ask it with every length.
      const whole = await card.transmit(Uint8Array.from([...command.subarray(0, 4), 0]));
      return give(whole, lc);
    }
    if (command.length !== 5 + lc) return Uint8Array.from([0x67, 0x00]);
    const whole = await card.transmit(Uint8Array.from([...command, 0]));
    if (whole.length <= 2) return whole;
    held = whole;
    return Uint8Array.from([0x61, (whole.length - 2) & 0xff]);
  };
  return { atr: T0_ATR, transmit };
}

function give(whole: Uint8Array, wanted: number): Uint8Array {
  const length = whole.length - 2;
  if (length <= 0 || wanted === (length & 0xff)) return whole;
  return Uint8Array.from([0x6c, length & 0xff]);
}
