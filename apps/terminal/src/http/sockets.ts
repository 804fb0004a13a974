/** The sockets of a device: its screen, the PIN pad's own, and those of cards. */
import { Value } from "typebox/value";
import type { WebSocket } from "ws";
import { lendCard, type Hearing, type Line } from "../cards/index.ts";
import type { Device } from "../device.ts";
import type { NotTaken } from "../payment/index.ts";
import { orderOf, ScreenOrder, Strokes } from "./orders.ts";

/** Text of one message as JSON; undefined where it is none. */
function parse(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined;
  }
}

function textOf(message: object, name: string): string {
  const value: unknown = Reflect.get(message, name);
  return typeof value === "string" ? value : "";
}

/** Shows the device's screen and takes what the cashier does. */
export function serveScreen(socket: WebSocket, device: Device): void {
  const { desk } = device;
  const send = (message: object): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };
  const stop = desk.watch((state) => send({ type: "state", state }));
  send({ type: "state", state: desk.screen() });
  socket.on("close", stop);
  socket.on("error", () => socket.terminate());
  socket.on("message", (data) => {
    const message = parse(data);
    if (typeof message !== "object" || message === null) return;
    const refused = order(message, device);
    if (refused) send({ type: "refused", code: refused });
  });
}

function order(message: object, { desk, tray }: Device): NotTaken | undefined {
  switch (textOf(message, "type")) {
    case "begin": {
      const wanted: unknown = Reflect.get(message, "order");
      if (!Value.Check(ScreenOrder, wanted)) return "bad-order";
      return desk.begin(orderOf(wanted, (name) => tray.keyed?.(name)));
    }
    case "insert":
      return desk.insert(textOf(message, "card"));
    case "tap":
      return desk.tap(cardsOf(message), Reflect.get(message, "unlocked") === true);
    case "swipe":
      return desk.swipe(textOf(message, "card"));
    case "sign": {
      const strokes: unknown = Reflect.get(message, "strokes");
      if (!Value.Check(Strokes, strokes)) return "bad-order";
      desk.sign(strokes);
      return undefined;
    }
    case "remove":
      desk.remove();
      return undefined;
    case "cancel":
      desk.cancel();
      return undefined;
    case "dismiss":
      desk.dismiss();
      return undefined;
    default:
      return undefined;
  }
}

/** One card, or several in the field at once. */
function cardsOf(message: object): string[] {
  const cards: unknown = Reflect.get(message, "cards");
  if (Array.isArray(cards)) return cards.filter((one) => typeof one === "string");
  return [textOf(message, "card")];
}

/** Shows the PIN pad's picture and takes its presses. */
export function servePinPad(socket: WebSocket, { pinPad }: Device): void {
  const stop = pinPad.show((message) => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  });
  socket.on("close", stop);
  socket.on("error", () => socket.terminate());
  socket.on("message", (data) => pinPad.hear(parse(data)));
}

/** The reader: whoever is at the other end is the card, and the end of the socket takes it out. */
export function serveReader(socket: WebSocket, { webReader }: Pick<Device, "webReader">): void {
  serveCard(socket, webReader.connect(lineOf(socket)));
}

/** A simulated card for a page to hold. */
export function serveLentCard(
  socket: WebSocket,
  { cards }: Pick<Device, "cards">,
  name: string,
): void {
  serveCard(socket, lendCard(cards, name, lineOf(socket)));
}

function lineOf(socket: WebSocket): Line<object> {
  return {
    send: (message) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    },
    close: (why) => socket.close(1008, why),
  };
}

function serveCard(socket: WebSocket, { hear, gone }: Hearing): void {
  socket.on("close", gone);
  socket.on("error", () => socket.terminate());
  socket.on("message", (data) => hear(parse(data)));
}
