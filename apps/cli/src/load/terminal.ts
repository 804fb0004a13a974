/** One terminal of a load: a connection, a session's keys, one request at a time. */
import { connect, type Socket } from "node:net";
import { equal, fromHex, toHex } from "@tillway/bytes";
import {
  createFrameReader,
  decode,
  encode,
  encodeForMac,
  macInput,
  responseMti,
  unionpayPos,
  withMac,
  writeFrame,
  type Decoded,
  type Message,
  type MessageFields,
} from "@tillway/iso8583";
import { encodePinBlock, encryptTrack, tdesDecrypt, tdesEncrypt, unionpayMac } from "@tillway/keys";
import { catalogue } from "@tillway/transactions";
import { chipData } from "./chip.ts";
import type { LoadType } from "./mix.ts";
import { charactersHex, type LoadCard, type LoadTerminal } from "./set.ts";

/** `error`: no answer, no right MAC, or an answer to something else. */
export type Outcome = "approved" | "declined" | "error";

/** A payment that was approved, as what follows it names it. */
export type Original = {
  readonly card: LoadCard;
  readonly stan: string;
  readonly amount: number;
  /** MMDD as the host said. */
  readonly date: string;
  readonly rrn: string;
  readonly code: string;
};

/** One payment: a card's counter is used once and never again. Amount in minor units. */
export type Order = {
  readonly type: LoadType;
  /** Where the type follows one. */
  readonly original: Original | undefined;
  readonly card: LoadCard;
  readonly counter: number;
  readonly stan: number;
  readonly amount: number;
  /** YYMMDD and hhmmss at the till. */
  readonly date: string;
  readonly time: string;
};

/** `original`: what was approved, for what may follow it. */
export type Answer = { readonly outcome: Outcome; readonly original?: Original };

export type Till = {
  readonly signIn: () => Promise<boolean>;
  readonly pay: (order: Order) => Promise<Answer>;
  readonly close: () => void;
};

export type Address = { readonly host: string; readonly port: number };

type Keys = {
  readonly pin: Uint8Array;
  readonly mac: Uint8Array;
  readonly track: Uint8Array;
  readonly batch: string;
};

const TPDU = "6000030000";
const HEADER = "603100310000";
const REPLY_MS = 60_000;
const LONGEST = 4096;

/** Connects; rejects where nobody listens. */
export async function openTill(address: Address, terminal: LoadTerminal): Promise<Till> {
  const socket = connect(address.port, address.host).setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const exchange = createExchange(socket);
  let keys: Keys | undefined;
  return {
    signIn: async () => {
      keys = await signIn(exchange, terminal);
      return keys !== undefined;
    },
    pay: async (order) => (keys ? pay(exchange, terminal, keys, order) : { outcome: "error" }),
    close: () => socket.destroy(),
  };
}

/** Sends a payload and gives the next one that comes; undefined where none does. */
type Exchange = (payload: Uint8Array) => Promise<Uint8Array | undefined>;

function createExchange(socket: Socket): Exchange {
  const reader = createFrameReader("2be-tpdu-header6", { maximum: LONGEST });
  let waiting: ((payload: Uint8Array | undefined) => void) | undefined;
  const settle = (payload: Uint8Array | undefined): void => {
    const settled = waiting;
    waiting = undefined;
    settled?.(payload);
  };
  socket.on("data", (chunk: Uint8Array) => {
    for (const { payload } of reader.push(chunk)) settle(payload);
  });
  socket.on("error", () => settle(undefined));
  socket.on("close", () => settle(undefined));
  return (payload) =>
    new Promise((resolve) => {
      if (socket.destroyed) {
        resolve(undefined);
        return;
      }
      const timer = setTimeout(() => {
        settle(undefined);
        // A late answer must not be taken for the next one's.
        socket.destroy();
      }, REPLY_MS);
      waiting = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      socket.write(writeFrame("2be-tpdu-header6", { tpdu: TPDU, header: HEADER, payload }));
    });
}

const padded = (value: number, length: number): string => String(value).padStart(length, "0");

async function signIn(exchange: Exchange, terminal: LoadTerminal): Promise<Keys | undefined> {
  const { tid, mid, serial, masterKey } = terminal;
  const fields = {
    "11": "000001",
    "41": tid,
    "42": mid,
    "60": "00000001004",
    "62": charactersHex(`Sequence No12TW01${serial.slice(-8)}`),
    "63": "01 ",
  };
  const answer = await exchange(encode(unionpayPos, { mti: "0800", fields }));
  const reply = answer && decode(unionpayPos, answer).fields;
  const delivered = reply?.["62"] ?? "";
  if (reply?.["39"] !== "00" || delivered.length !== 120) return undefined;
  // Three places of 16 bytes and a check value; a MAC key of 8 bytes is filled with zeros (§2.10).
  const under = fromHex(masterKey);
  const at = (place: number, length: number): Uint8Array =>
    tdesDecrypt(under, fromHex(delivered.slice(place * 40, place * 40 + length * 2)));
  const batch = reply["60"]?.slice(2, 8) ?? "";
  return { pin: at(0, 16), mac: at(1, 8), track: at(2, 16), batch };
}

/** Fields of every payment: its type as the catalogue has it, without card data. */
function common(terminal: LoadTerminal, keys: Keys, order: Order): Record<string, string> {
  const { pos } = catalogue[order.type];
  return {
    "3": pos.processing,
    ...(catalogue[order.type].amount === "none" ? {} : { "4": padded(order.amount, 12) }),
    "11": padded(order.stan, 6),
    "25": pos.condition,
    "41": terminal.tid,
    "42": terminal.mid,
    "49": "156",
    "60": `${pos.type}${keys.batch}00050`,
  };
}

/** The card read by its chip, with its PIN. */
function withCard(terminal: LoadTerminal, keys: Keys, order: Order): MessageFields {
  const { card, counter, date, time } = order;
  const { amount, pos } = catalogue[order.type];
  const chip = {
    counter,
    date,
    time,
    stan: padded(order.stan, 6),
    type: pos.processing.slice(0, 2),
    amount: amount === "none" ? 0 : order.amount,
    unpredictable: padded(order.stan * 7919 + counter, 8).slice(-8),
  };
  const track = `${card.pan}=${card.expiry.slice(0, 4)}${card.serviceCode}0000000`;
  return {
    ...common(terminal, keys, order),
    "2": card.pan,
    "14": card.expiry.slice(0, 4),
    "22": "051",
    "23": card.psn.padStart(3, "0"),
    "26": "12",
    "35": encryptTrack(keys.track, track),
    "52": toHex(tdesEncrypt(keys.pin, encodePinBlock(0, card.pin, card.pan))),
    "53": "2610000000000000",
    "55": chipData(card, terminal.serial, chip),
  };
}

/** What follows a payment: the original's numbers (spec §2.4), the card by its number. */
function withOriginal(
  terminal: LoadTerminal,
  keys: Keys,
  order: Order,
  original: Original,
): MessageFields {
  const { stan, date, rrn, code } = original;
  const isRefund = order.type === "refund";
  return {
    ...common(terminal, keys, order),
    "2": order.card.pan,
    "14": order.card.expiry.slice(0, 4),
    "22": "012",
    "37": rrn,
    ...(isRefund ? { "63": "CUP" } : { "38": code }),
    "61": keys.batch + stan + date,
  };
}

async function pay(
  exchange: Exchange,
  terminal: LoadTerminal,
  keys: Keys,
  order: Order,
): Promise<Answer> {
  const { card, original } = order;
  const request = {
    mti: catalogue[order.type].pos.mti,
    fields: original
      ? withOriginal(terminal, keys, order, original)
      : withCard(terminal, keys, order),
  };
  const bytes = encodeForMac(unionpayPos, request);
  const answer = await exchange(withMac(bytes, unionpayMac(keys.mac, macInput(bytes))));
  if (!answer) return { outcome: "error" };
  const reply = decode(unionpayPos, answer);
  if (!belongs(reply, request) || !authentic(keys, answer, reply)) return { outcome: "error" };
  const { "13": date = "", "37": rrn = "", "38": code = "", "39": result } = reply.fields;
  if (result !== "00") return { outcome: "declined" };
  const { amount } = order;
  const stan = padded(order.stan, 6);
  return { outcome: "approved", original: { card, stan, amount, date, rrn, code } };
}

function belongs({ mti, fields }: Decoded, request: Message): boolean {
  const same = ["3", "11", "41"].every((field) => fields[field] === request.fields[field]);
  const asked = request.fields["4"];
  return mti === responseMti(request.mti) && same && (asked ?? fields["4"]) === fields["4"];
}

function authentic(keys: Keys, payload: Uint8Array, reply: Decoded): boolean {
  if (reply.fields["64"] === undefined) return false;
  const data = macInput(payload);
  return equal(unionpayMac(keys.mac, data), payload.subarray(data.length));
}
