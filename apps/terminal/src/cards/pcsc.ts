/** A real card reader through PC/SC: the card that is in it, for the desk as the tray's cards are. */
import type { Card } from "@tillway/emv";
import type { Clock } from "@tillway/link";
import type { Card as Connection, Client, Reader } from "pcsc-mini";
import type { Attendant, CardTray, Inserted, TrayCard } from "./tray.ts";

/** The name under which the card in the reader is known at the desk. */
export const readerCard = "reader";

/** How long until PC/SC is looked for again after it was lost (ms). */
const RETRY_MS = 2000;

/** How long a card may think about a command, and a reader about letting go of one (ms). */
const ANSWER_MS = 10_000;

type PcSc = typeof import("pcsc-mini");

export type CardReader = {
  /** The card in the reader, where there is one. */
  readonly tray: CardTray;
  /** Tells of cards from now on, also of the one that is in already. */
  readonly attend: (attendant: Attendant) => void;
  readonly close: () => Promise<void>;
};

export type ReaderOptions = {
  /** Part of the reader's name; the first reader that has it is used. */
  readonly name: string;
  readonly clock: Clock;
  /** How long a card may take for an answer (ms); 10 s where absent. */
  readonly answerMs?: number;
  /** What happened to the reader; never card data. */
  readonly onNotice: (what: string, about: Readonly<Record<string, string>>) => void;
};

/**
 * Looks for a reader and watches it. Throws one sentence where this machine has no PC/SC; a reader
 * that is not there yet is waited for.
 */
export async function openReader(options: ReaderOptions): Promise<CardReader> {
  const reader = new WatchedReader(await load(), options);
  reader.start();
  return reader;
}

async function load(): Promise<PcSc> {
  try {
    return await import("pcsc-mini");
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new Error(
      "TILLWAY_READER=pcsc needs the npm package pcsc-mini and the PC/SC library " +
        `(on Debian libpcsclite1), which could not be loaded: ${why}`,
      { cause: error },
    );
  }
}

/**
 * Clients whose daemon is gone: never started again and never collected, since pcsc-mini 0.1.3 ends
 * the process from the finalizer of a client whose handle is invalid.
 */
const lost: Client[] = [];

function stop(client: Client): void {
  try {
    client.stop();
  } catch {
    // There is nothing left to take leave of.
  }
}

class WatchedReader implements CardReader {
  readonly #pcsc: PcSc;
  readonly #options: ReaderOptions;
  #client: Client;
  #reader: Reader | undefined;
  /** Answer to reset of the card that is in; undefined where there is none. */
  #atr: Uint8Array | undefined;
  #slot: Slot | undefined;
  /** The end of what the last slot still had to say to its card. */
  #released: Promise<void> = Promise.resolve();
  #attendant: Attendant | undefined;
  #cancelRetry: (() => void) | undefined;

  constructor(pcsc: PcSc, options: ReaderOptions) {
    this.#pcsc = pcsc;
    this.#options = options;
    this.#client = this.#newClient();
  }

  readonly tray: CardTray = {
    list: () => (this.#atr && this.#reader ? [shown(this.#reader.name())] : []),
    insert: (name) => this.#insert(name),
    reload: () => undefined,
    works: () => this.#reader !== undefined,
  };

  attend(attendant: Attendant): void {
    this.#attendant = attendant;
    if (this.#atr) attendant.insert(readerCard);
  }

  async close(): Promise<void> {
    this.#attendant = undefined;
    this.#cancelRetry?.();
    this.#gone();
    await this.#released;
    stop(this.#client);
  }

  #newClient(): Client {
    const client = new this.#pcsc.Client();
    client.on("reader", (reader) => this.#found(reader));
    client.on("error", ({ code }) => this.#lost(client, code));
    return client;
  }

  /** Begins to watch. Throws one sentence where the daemon does not answer. */
  start(): void {
    try {
      this.#client.start();
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
      throw new Error(
        "TILLWAY_READER=pcsc needs the PC/SC daemon, which does not answer " +
          `(on Debian: apt-get install pcscd, then systemctl start pcscd): ${code}`,
        { cause: error },
      );
    }
  }

  #found(reader: Reader): void {
    const name = reader.name();
    if (this.#reader || !name.includes(this.#options.name)) return;
    this.#reader = reader;
    this.#options.onNotice("card reader found", { reader: name });
    const { PRESENT, MUTE } = this.#pcsc.ReaderStatus;
    reader.on("change", (status, atr) => {
      if (!status.has(PRESENT)) this.#gone();
      else if (!status.has(MUTE)) this.#arrived(atr);
    });
    reader.on("disconnect", () => {
      this.#gone();
      this.#reader = undefined;
      this.#options.onNotice("card reader gone", { reader: name });
    });
  }

  #arrived(atr: Uint8Array): void {
    if (this.#atr) return;
    this.#atr = Uint8Array.from(atr);
    this.#attendant?.insert(readerCard);
  }

  #gone(): void {
    if (!this.#atr) return;
    this.#atr = undefined;
    this.#attendant?.remove();
    this.#slot?.eject();
  }

  #insert(name: string): Inserted {
    const [reader, atr] = [this.#reader, this.#atr];
    if (name !== readerCard || !reader || !atr) return { ok: false, why: "unknown-card" };
    if (this.#slot) return { ok: false, why: "in-use" };
    const { clock, answerMs = ANSWER_MS } = this.#options;
    const bounded = <T>(promise: Promise<T>): Promise<T> => within(clock, answerMs, promise);
    const slot = new Slot({ pcsc: this.#pcsc, reader, atr, before: this.#released, bounded });
    this.#slot = slot;
    const eject = (): void => {
      if (this.#slot !== slot) return;
      this.#slot = undefined;
      this.#released = slot.release();
    };
    slot.eject = eject;
    return { ok: true, card: slot, eject };
  }

  /** The daemon ended or the line to it broke: what is not known to be there counts as gone. */
  #lost(client: Client, code: string): void {
    if (client !== this.#client) return;
    this.#gone();
    this.#reader = undefined;
    this.#options.onNotice("PC/SC lost", { code });
    stop(client);
    lost.push(client);
    this.#client = this.#newClient();
    this.#retry();
  }

  #retry(): void {
    this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => {
      try {
        this.start();
        this.#options.onNotice("PC/SC is back", {});
      } catch {
        this.#retry();
      }
    });
  }
}

/** Waits for a reader no longer than this: it may hang, and its driver with it. */
function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new Error("the card did not answer")));
    promise.then(resolve, reject).finally(cancel);
  });
}

type SlotOptions = {
  readonly pcsc: PcSc;
  readonly reader: Reader;
  readonly atr: Uint8Array;
  /** The end of what was before in the reader. */
  readonly before: Promise<void>;
  readonly bounded: <T>(promise: Promise<T>) => Promise<T>;
};

/** The card while it is at the desk: connected with its first command, alone with it until released. */
class Slot implements Card {
  readonly atr: Uint8Array;
  readonly #options: SlotOptions;
  #connection: Promise<Connection> | undefined;
  /** The last exchange, however it ends: until then the connection is busy and cannot be ended. */
  #exchanged: Promise<unknown> = Promise.resolve();
  #released = false;
  /** Takes the card from the desk. */
  eject: () => void = () => undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.atr = options.atr;
  }

  async transmit(command: Uint8Array): Promise<Uint8Array> {
    const exchange = this.#exchange(command);
    this.#exchanged = exchange.catch(() => undefined);
    const response = await this.#options.bounded(exchange);
    if (response.length < 2) throw new Error("the card gave no answer");
    return Uint8Array.from(response);
  }

  /** Lets go of the card and takes its power away; resolves however that ends. */
  async release(): Promise<void> {
    this.#released = true;
    const { pcsc, bounded } = this.#options;
    const letGo = async (): Promise<void> => {
      await this.#exchanged;
      await (await this.#connection)?.disconnect(pcsc.CardDisposition.UNPOWER);
    };
    try {
      await bounded(letGo());
    } catch {
      // The card is out already, or its reader hangs.
    }
  }

  async #exchange(command: Uint8Array): Promise<Uint8Array> {
    this.#connection ??= this.#connect();
    const connection = await this.#connection;
    if (this.#released) throw new Error("the card was taken out");
    const byTpdu = connection.protocol() === this.#options.pcsc.Protocol.T0;
    return connection.transmit(byTpdu ? forT0(command) : command);
  }

  async #connect(): Promise<Connection> {
    const { pcsc, reader, before } = this.#options;
    await before;
    return reader.connect(pcsc.CardMode.EXCLUSIVE, pcsc.Protocol.ANY);
  }
}

/**
 * A short command as T=0 carries it: one with data has no Le, and its answer is fetched with GET
 * RESPONSE (ISO/IEC 7816-3 §12.2.5), which the kernel does when the card says 61xx or 6Cxx.
 */
export function forT0(command: Uint8Array): Uint8Array {
  const dataEnds = 5 + (command[4] ?? 0);
  return command.length === dataEnds + 1 && dataEnds > 5 ? command.subarray(0, dataEnds) : command;
}

function shown(reader: string): TrayCard {
  return {
    name: readerCard,
    scheme: "",
    maskedPan: "",
    label: { en: "The card in the reader", zh: "读卡器中的卡" },
    purpose: { en: reader, zh: reader },
    pin: "",
  };
}
