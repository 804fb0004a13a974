/**
 * A card over a WebSocket. Two ends of one protocol (docs/decisions/0008): the reader, whose card is
 * whoever opens the socket, and the lent card of the tray, which a page holds in its hand. A page that
 * passes on what each says to the other puts the card into the reader.
 */
import { fromHex, toHex } from "@tillway/bytes";
import { encodeResponse, INS, type Card } from "@tillway/emv";
import type { Cancel, Clock } from "@tillway/link";
import type { Attendant, CardTray, Inserted, TrayCard } from "./tray.ts";

/** The name under which the card at the other end is known at the desk. */
export const webCard = "page";

/** How long a card may think about a command (ms); after it the card counts as torn out. */
const ANSWER_MS = 10_000;
/** "Conditions of use not satisfied" (ISO/IEC 7816-4 §5.6). */
const PIN_NOT_CARRIED = encodeResponse(0x6985);
/** Longest response APDU: 256 bytes of data and the status word. */
const LONGEST = 258;
/** Longest answer to reset (ISO/IEC 7816-3 §8.2.1). */
const LONGEST_ATR = 33;

/** What the reader says: reset the card, give it a command, or take it back. */
export type ToCard =
  | { readonly type: "attached" | "reset" | "released" }
  | { readonly type: "command"; readonly id: number; readonly apdu: string }
  | { readonly type: "refused"; readonly code: string };

/** What the card says: here it is, its answers, and that it is taken out in order. */
export type FromCard =
  | { readonly type: "attach"; readonly interface: "contact" | "contactless"; readonly atr: string }
  | { readonly type: "response"; readonly id: number; readonly apdu: string }
  | { readonly type: "detach" };

/** One end of an open socket, as this module needs it. */
export type Line<Message> = {
  readonly send: (message: Message) => void;
  readonly close: (why: string) => void;
};

/** What to do with what the other end says, and with its end, which takes the card out. */
export type Hearing = { readonly hear: (message: unknown) => void; readonly gone: () => void };

export type WebReader = {
  /** A tray, and the card at the other end where there is one. */
  readonly beside: (tray: CardTray) => CardTray;
  readonly attend: (attendant: Attendant) => void;
  readonly connect: (line: Line<ToCard>) => Hearing;
};

type Attached = { readonly line: Line<ToCard>; readonly atr: Uint8Array };
type Asked = {
  readonly id: number;
  readonly answer: (response: Uint8Array) => void;
  readonly fail: (error: Error) => void;
};

export function openWebReader(clock: Clock): WebReader {
  return new Reader(clock);
}

class Reader implements WebReader {
  readonly #clock: Clock;
  #attendant: Attendant | undefined;
  #attached: Attached | undefined;
  /** The card at the desk, from its insertion to its ejection. */
  #slot: object | undefined;
  #asked: Asked | undefined;
  #commands = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  beside(tray: CardTray): CardTray {
    return {
      ...tray,
      list: () => [...tray.list(), ...(this.#attached ? [shown] : [])],
      insert: (name) => (name === webCard ? this.#insert() : tray.insert(name)),
    };
  }

  attend(attendant: Attendant): void {
    this.#attendant = attendant;
  }

  connect(line: Line<ToCard>): Hearing {
    return {
      hear: (message) => {
        const said = readFromCard(message);
        if (!said) {
          line.close("not a message of a card");
          this.#out(line);
        } else if (said.type === "attach") this.#attach(line, said);
        else if (said.type === "detach") this.#out(line);
        else if (this.#attached?.line === line) this.#answered(said);
      },
      gone: () => this.#out(line),
    };
  }

  #attach(line: Line<ToCard>, said: Extract<FromCard, { type: "attach" }>): void {
    const refuse = (code: string): void => line.send({ type: "refused", code });
    // This device's payments read chips by contact; its field is not on.
    if (said.interface === "contactless") return refuse("interface-not-served");
    if (this.#attached) return refuse("in-use");
    this.#attached = { line, atr: fromHex(said.atr) };
    const why = this.#attendant?.insert(webCard);
    if (why !== undefined) {
      this.#attached = undefined;
      return refuse(why);
    }
    line.send({ type: "attached" });
  }

  /** The card is out: of the slot too, and what it was asked is never answered. */
  #out(line: Line<ToCard>): void {
    if (this.#attached?.line !== line) return;
    this.#attached = undefined;
    if (this.#slot) this.#attendant?.remove();
    this.#forget("the card was taken out");
  }

  #forget(why: string): void {
    this.#asked?.fail(new Error(why));
    this.#asked = undefined;
  }

  #insert(): Inserted {
    const attached = this.#attached;
    if (!attached) return { ok: false, why: "unknown-card" };
    if (this.#slot) return { ok: false, why: "in-use" };
    const slot = {};
    this.#slot = slot;
    attached.line.send({ type: "reset" });
    const transmit: Card["transmit"] = async (command) => {
      if (this.#slot !== slot) throw new Error("the card was taken out");
      if (isPlainPin(command)) return PIN_NOT_CARRIED;
      return this.#ask(attached.line, command);
    };
    const eject = (): void => {
      if (this.#slot !== slot) return;
      this.#slot = undefined;
      this.#forget("the card was taken out");
      // Unless it goes straight back in, as for the next payment of a script.
      queueMicrotask(() => {
        if (!this.#slot && this.#attached === attached) attached.line.send({ type: "released" });
      });
    };
    return { ok: true, card: { atr: attached.atr, transmit }, eject };
  }

  async #ask(line: Line<ToCard>, command: Uint8Array): Promise<Uint8Array> {
    if (this.#asked) throw new Error("the card is asked one thing at a time");
    this.#commands += 1;
    const id = this.#commands;
    let cancel: Cancel = () => undefined;
    try {
      return await new Promise<Uint8Array>((answer, fail) => {
        this.#asked = { id, answer, fail };
        cancel = this.#clock.after(ANSWER_MS, () => {
          line.close("the card did not answer");
          this.#out(line);
        });
        line.send({ type: "command", id, apdu: toHex(command) });
      });
    } finally {
      cancel();
    }
  }

  /** An answer to a command that was given up belongs to nobody. */
  #answered({ id, apdu }: Extract<FromCard, { type: "response" }>): void {
    if (this.#asked?.id !== id) return;
    this.#asked.answer(fromHex(apdu));
    this.#asked = undefined;
  }
}

/**
 * Lends a card of the tray over a line: its answers go there, its state stays in its file. The card
 * is back in the tray once the line is gone.
 */
export function lendCard(tray: CardTray, name: string, line: Line<FromCard>): Hearing {
  let lent = tray.insert(name);
  if (!lent.ok) {
    line.close(lent.why);
    return { hear: () => undefined, gone: () => undefined };
  }
  line.send({ type: "attach", interface: "contact", atr: toHex(lent.card.atr) });
  let gone = false;
  const giveBack = (): void => {
    if (lent.ok) lent.eject();
    gone = true;
  };
  const hear = (message: unknown): void => {
    const said = readToCard(message);
    if (!said || !lent.ok || gone) return;
    if (said.type === "reset") {
      // Power off and on: what the card holds only while it has power is forgotten.
      lent.eject();
      lent = tray.insert(name);
      return;
    }
    lent.card.transmit(fromHex(said.apdu)).then(
      (apdu) => gone || line.send({ type: "response", id: said.id, apdu: toHex(apdu) }),
      () => line.close("the card gave no answer"),
    );
  };
  return { hear, gone: giveBack };
}

/** A PIN in clear must not pass through a page: the reader refuses in the card's place. */
function isPlainPin(command: Uint8Array): boolean {
  return command[1] === INS.verify && command[3] === 0x80;
}

function readFromCard(message: unknown): FromCard | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const field = (name: string): unknown => Reflect.get(message, name);
  const [type, atr, id, apdu, face] = ["type", "atr", "id", "apdu", "interface"].map(field);
  if (type === "detach") return { type };
  if (type === "attach" && isBytes(atr, 2, LONGEST_ATR)) {
    return face === "contact" || face === "contactless"
      ? { type, interface: face, atr }
      : undefined;
  }
  if (type === "response" && typeof id === "number" && isBytes(apdu, 2, LONGEST)) {
    return { type, id, apdu };
  }
  return undefined;
}

function readToCard(
  message: unknown,
): Extract<ToCard, { type: "command" }> | { readonly type: "reset" } | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const [type, id, apdu] = ["type", "id", "apdu"].map((name): unknown =>
    Reflect.get(message, name),
  );
  if (type === "reset") return { type };
  if (type === "command" && typeof id === "number" && isBytes(apdu, 4, LONGEST + 3)) {
    return { type, id, apdu };
  }
  return undefined;
}

function isBytes(value: unknown, least: number, most: number): value is string {
  if (typeof value !== "string" || !/^([0-9A-Fa-f]{2})+$/.test(value)) return false;
  return value.length >= 2 * least && value.length <= 2 * most;
}

const shown: TrayCard = {
  name: webCard,
  scheme: "",
  maskedPan: "",
  label: { en: "The card of a page", zh: "网页中的卡" },
  purpose: { en: "A card over a WebSocket", zh: "通过 WebSocket 连接的卡" },
  pin: "",
};
