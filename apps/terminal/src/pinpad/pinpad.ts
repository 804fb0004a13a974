/** The PIN pad of one device: it alone knows layout and digits, and gives out encrypted blocks. */
import type { Cancel, Clock } from "@tillway/link";
import { createEntry, type Entry, type Pressed } from "./entry.ts";
import { keyAt, shuffledLayout, type Key, type Layout, type Random } from "./layout.ts";
import { drawPad } from "./picture.ts";

/** How an entry ended. `block` is the PIN under the working key: all that ever leaves. */
export type PinResult<Block> =
  | { readonly kind: "entered"; readonly block: Block }
  | { readonly kind: "cancelled" | "timed-out" };

export type PinRequest<Block> = {
  /** Makes the block; the digits are overwritten when it is done. */
  readonly encrypt: (digits: Uint8Array) => Promise<Block>;
  readonly onCount: (digits: number) => void;
  /** Keys pressed by a script instead of a person: 4 to 12 digits. */
  readonly script?: string | undefined;
};

/** What the pad tells a screen. `image` is an SVG document. */
export type PadMessage =
  | { readonly type: "layout"; readonly image: string }
  | { readonly type: "count"; readonly digits: number }
  | { readonly type: "closed" };

export type PinPad = {
  /** Starts an entry; one at a time. Throws where one is open: that is a defect of the caller. */
  readonly ask: <Block>(request: PinRequest<Block>) => Promise<PinResult<Block>>;
  /** Whether it can be opened: a layout with every digit once, and its picture. */
  readonly works: () => boolean;
  /** Ends the open entry, if any, as cancelled. */
  readonly cancel: () => void;
  /** Shows the pad on a screen until the returned function is called. */
  readonly show: (send: (message: PadMessage) => void) => Cancel;
  /** Takes what a screen sent; anything that is no key press is ignored. */
  readonly hear: (message: unknown) => void;
};

type Open = {
  readonly entry: Entry;
  readonly layout: Layout;
  readonly image: string;
  readonly press: (pressed: Pressed) => void;
};

export function createPinPad(options: {
  readonly clock: Clock;
  readonly random: Random;
  /** How long the pad waits for the next key (ms). */
  readonly idleMs: number;
}): PinPad {
  const { clock, random, idleMs } = options;
  const screens = new Set<(message: PadMessage) => void>();
  let open: Open | undefined;
  const tell = (message: PadMessage): void => {
    for (const send of screens) send(message);
  };

  const ask = <Block>(request: PinRequest<Block>): Promise<PinResult<Block>> => {
    if (open) throw new Error("the PIN pad is in use");
    return new Promise((resolve, reject) => {
      const entry = createEntry();
      const layout = shuffledLayout(random);
      let stop: Cancel = () => undefined;
      const finish = (kind: "entered" | "cancelled" | "timed-out"): void => {
        stop();
        layout.fill(0);
        open = undefined;
        tell({ type: "closed" });
        if (kind === "entered") {
          entry.take(request.encrypt).then((block) => resolve({ kind, block }), reject);
          return;
        }
        entry.wipe();
        resolve({ kind });
      };
      const wait = (): void => {
        stop();
        stop = clock.after(idleMs, () => finish("timed-out"));
      };
      const press = (pressed: Pressed): void => {
        if (pressed === "enter") return finish("entered");
        if (pressed === "cancel") return finish("cancelled");
        wait();
        if (pressed === "nothing") return undefined;
        tell({ type: "count", digits: entry.count() });
        return request.onCount(entry.count());
      };
      open = { entry, layout, image: drawPad(layout, random), press };
      wait();
      tell({ type: "layout", image: open.image });
      for (const digit of request.script ?? "") press(entry.digit(digit.charCodeAt(0) - 48));
      if (request.script !== undefined) press(entry.enter());
    });
  };

  return {
    ask,
    works: () => works(random),
    cancel: () => open?.press("cancel"),
    show: (send) => {
      screens.add(send);
      if (open) {
        send({ type: "layout", image: open.image });
        send({ type: "count", digits: open.entry.count() });
      }
      return () => screens.delete(send);
    },
    hear: (message) => {
      if (!open) return;
      const pressed = pressedBy(message, open);
      if (pressed) open.press(pressed);
    },
  };
}

function works(random: Random): boolean {
  const layout = shuffledLayout(random);
  const whole = new Set(layout).size === 10 && drawPad(layout, random).startsWith("<svg");
  layout.fill(0);
  return whole;
}

/** What a message from the screen presses, or undefined where it is none of ours. */
function pressedBy(message: unknown, { entry, layout }: Open): Pressed | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const type: unknown = Reflect.get(message, "type");
  if (type === "press") {
    const x: unknown = Reflect.get(message, "x");
    const y: unknown = Reflect.get(message, "y");
    if (typeof x !== "number" || typeof y !== "number") return undefined;
    const key = keyAt(x, y);
    return key && pressKey(key, entry, layout);
  }
  const key: unknown = type === "key" ? Reflect.get(message, "key") : undefined;
  if (typeof key !== "string") return undefined;
  if (/^[0-9]$/.test(key)) return entry.digit(key.charCodeAt(0) - 48);
  if (key === "Backspace") return entry.erase();
  if (key === "Enter") return entry.enter();
  return key === "Escape" ? "cancel" : undefined;
}

function pressKey(key: Key, entry: Entry, layout: Layout): Pressed {
  switch (key.kind) {
    case "digit":
      return entry.digit(layout[key.cell] ?? -1);
    case "erase":
      return entry.erase();
    case "enter":
      return entry.enter();
    case "cancel":
      return "cancel";
  }
}
