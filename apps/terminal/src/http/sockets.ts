/** The sockets of a device: its screen, the PIN pad's own, and those of cards. */
import type { WebSocket } from "ws";
import { lendCard, type Hearing, type Line } from "../cards/index.ts";
import type { Device } from "../device.ts";
import type { NotTaken } from "../payment/index.ts";

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
export function serveScreen(socket: WebSocket, { desk }: Device): void {
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
    const refused = order(message, desk);
    if (refused) send({ type: "refused", code: refused });
  });
}

function order(message: object, desk: Device["desk"]): NotTaken | undefined {
  switch (textOf(message, "type")) {
    case "sale":
      return desk.sale({
        amount: textOf(message, "amount"),
        currency: textOf(message, "currency"),
      });
    case "insert":
      return desk.insert(textOf(message, "card"));
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
