/** A terminal as a test drives it: real codec, keys and socket, no rules of its own. */
import { connect, type Socket } from "node:net";
import { fromHex, toHex } from "@tillway/bytes";
import {
  decode,
  encode,
  encodeForMac,
  macInput,
  unionpayPos,
  withMac,
  type Decoded,
  type Frame,
  type Message,
} from "@tillway/iso8583";
import type { SecurityModule } from "@tillway/keys";
import { catalogue, type TransactionName } from "@tillway/transactions";
import { acceptFrames, type Clock, type Connection } from "@tillway/link";

export type Reply = Decoded & {
  readonly authentic: boolean;
  /** What the terminal is to do: digit 6 of the header. */
  readonly requirement: string;
};

export const CARD = "6200001234567892";
export const TID = "10000001";
export const MID = "898290058120001";
const TRACK = `${CARD}=30122010000012345`;
const CHIP =
  "9F2608A1B2C3D4E5F607189F2701809F101307010103A0A000010A010000000000123456AB9F3704123456789F3602" +
  "0001950500000000009A032611229C01009F02060000000025805F2A02015682027C009F1A0201569F03060000000000009F3303E0E1C8";

export type Terminal = {
  readonly socket: Socket;
  readonly tid: string;
  readonly signIn: () => Promise<Reply>;
  /** Sends with a MAC of the session (or the given one) and waits for the answer. */
  readonly ask: (message: Message, mac?: "right" | "wrong" | "none") => Promise<Reply>;
  readonly send: (message: Message, mac?: "right" | "wrong" | "none") => Promise<void>;
  /** The next answer, whatever it is to. */
  readonly next: () => Promise<Reply>;
  readonly raw: (payload: Uint8Array) => Promise<Reply>;
  /** The bytes of a message with their MAC; `change` is applied before it is made. */
  readonly bytes: (message: Message, change: (bytes: Uint8Array) => void) => Promise<Uint8Array>;
  readonly sale: (change?: Partial<Record<string, string>>, pin?: string) => Promise<Message>;
  /** A request of a type that stands by itself. */
  readonly request: (
    name: TransactionName,
    change?: Partial<Record<string, string>>,
  ) => Promise<Message>;
  /** A request that names an original, by its message and the answer to it. */
  readonly following: (
    name: TransactionName,
    original: { readonly asked: Message; readonly told: Reply },
    change?: Partial<Record<string, string>>,
  ) => Promise<Message>;
  readonly reversal: (sale: Message, change?: Record<string, string>) => Message;
  readonly batch: () => string;
  /** The same device with the keys of its session, connected to another port. */
  readonly elsewhere: (port: number) => Promise<Terminal>;
  /** The reason for which the connection ended; pending while it lives. */
  readonly ended: Promise<void>;
  readonly close: () => void;
};

/** STANs go on over connections, as a device's do. */
const stans = new Map<string, number>();

export type TerminalOptions = {
  readonly module: SecurityModule;
  readonly tmk: string;
  readonly port: number;
  readonly clock: Clock;
  readonly tid?: string;
  readonly mid?: string;
};

const limits = { maximum: 4096, idleMs: 60_000, stallMs: 5000, unsent: 1 << 20 };

type WorkingKeys = { readonly pik: string; readonly mak: string; readonly tdk: string };

export async function openTerminal(
  options: TerminalOptions,
  session?: { readonly keys: WorkingKeys | undefined; readonly batch: string },
): Promise<Terminal> {
  const { module, tmk, clock, tid = TID, mid = MID } = options;
  const socket = connect(options.port, "127.0.0.1");
  const waiting: ((frame: Frame) => void)[] = [];
  let keys = session?.keys;
  let batch = session?.batch ?? "000001";
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("error", reject);
  });
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const connection: Connection = acceptFrames(socket, "2be-tpdu-header6", limits, clock, {
    onFrame: (frame) => waiting.shift()?.(frame),
  });
  const transmit = (payload: Uint8Array): void => {
    connection.send({ tpdu: "6000030000", header: "603100310000", payload });
  };
  const heard = (): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const cancel = clock.after(5000, () => reject(new Error("no answer within 5 s")));
      waiting.push((frame) => {
        cancel();
        judge(frame).then(resolve, reject);
      });
    });
  const judge = async ({ payload, header = "" }: Frame): Promise<Reply> => {
    const reply = { ...decode(unionpayPos, payload), requirement: header.charAt(5) };
    if (reply.fields["64"] === undefined || !keys) return { ...reply, authentic: false };
    const [data, mac] = [macInput(payload), payload.slice(-8)];
    const key = keys.mak;
    const checked = await module.run({
      do: "verify-mac",
      key,
      algorithm: "unionpay-ecb",
      data,
      mac,
    });
    return { ...reply, authentic: checked.ok && checked.valid };
  };
  const bytesOf = async (
    message: Message,
    mac: "right" | "wrong" | "none",
    change: (bytes: Uint8Array) => void = () => undefined,
  ): Promise<Uint8Array> => {
    if (mac === "none") return encode(unionpayPos, message);
    const bytes = encodeForMac(unionpayPos, message);
    change(bytes);
    if (!keys) return withMac(bytes, fromHex("3030303030303030"));
    const data = macInput(bytes);
    const made = await module.run({ do: "mac", key: keys.mak, algorithm: "unionpay-ecb", data });
    if (!made.ok) throw new Error(made.message);
    const value = made.mac;
    if (mac === "wrong") value[0] = value[0] === 0x30 ? 0x31 : 0x30;
    return withMac(bytes, value);
  };
  const nextStan = (): string => {
    const stan = (stans.get(tid) ?? 0) + 1;
    stans.set(tid, stan);
    return String(stan).padStart(6, "0");
  };
  const terminal: Terminal = {
    socket,
    tid,
    ended,
    batch: () => batch,
    elsewhere: (port) => openTerminal({ ...options, port }, { keys, batch }),
    close: () => connection.close(),
    next: heard,
    raw: (payload) => {
      const reply = heard();
      transmit(payload);
      return reply;
    },
    bytes: (message, change) => bytesOf(message, "right", change),
    send: async (message, mac = "right") => transmit(await bytesOf(message, mac)),
    ask: async (message, mac = "right") => {
      const reply = heard();
      transmit(await bytesOf(message, mac));
      return reply;
    },
    signIn: async () => {
      const message: Message = {
        mti: "0800",
        fields: {
          "11": nextStan(),
          "41": tid,
          "42": mid,
          "60": `00${batch}004`,
          "62": "53657175656E6365204E6F3132333133363030303030303031",
          "63": "01 ",
        },
      };
      const reply = await terminal.ask(message, "none");
      if (reply.fields["39"] !== "00") return reply;
      const block = reply.fields["62"] ?? "";
      const part = (at: number, length: number) => ({
        cipher: block.slice(at, at + length),
        kcv: block.slice(at + 32, at + 40),
      });
      const common = { do: "import-ecb", algorithm: "tdes", under: tmk } as const;
      const [pik, mak, tdk] = await module.runAll([
        { ...common, usage: "P0", ...part(0, 32) },
        { ...common, usage: "M3", ...part(40, 16) },
        { ...common, usage: "D0", ...part(80, 32) },
      ]);
      if (!pik.ok || !mak.ok || !tdk.ok) throw new Error("the working keys do not open");
      keys = { pik: pik.key, mak: mak.key, tdk: tdk.key };
      batch = reply.fields["60"]?.slice(2, 8) ?? "";
      return reply;
    },
    sale: async (change = {}, pin = "123456") => {
      if (!keys) throw new Error("sign in first");
      const [block, track] = await module.runAll([
        { do: "encrypt-pin", key: keys.pik, pin, pan: CARD, format: 0 },
        { do: "encrypt-track", key: keys.tdk, track: TRACK },
      ]);
      if (!block.ok || !track.ok) throw new Error("the card could not be encrypted");
      const fields: Record<string, string> = {
        "2": CARD,
        "3": "000000",
        "4": "000000002580",
        "11": nextStan(),
        "14": "3012",
        "22": "051",
        "23": "001",
        "25": "00",
        "26": "12",
        "35": track.track,
        "41": tid,
        "42": mid,
        "49": "156",
        "52": toHex(block.block),
        "53": "2610000000000000",
        "55": CHIP,
        "60": `22${batch}00050`,
      };
      for (const [number, value] of Object.entries(change)) {
        if (value === undefined) delete fields[number];
        else fields[number] = value;
      }
      return { mti: "0200", fields };
    },
    request: async (name, change = {}) => {
      const { pos, pin, amount } = catalogue[name];
      const without = pin ? {} : { "22": "052", "26": undefined, "52": undefined };
      const sale = await terminal.sale({
        ...without,
        "3": pos.processing,
        "25": pos.condition,
        "60": `${pos.type}${batch}00050`,
        ...(amount === "none" ? { "4": undefined } : {}),
        ...change,
      });
      return { mti: pos.mti, fields: sale.fields };
    },
    following: async (name, { asked, told }, change = {}) => {
      const { openBatch } = catalogue[name];
      const place = `${asked.fields["60"]?.slice(2, 8)}${asked.fields["11"]}`;
      const organisation = catalogue[name].pos.mti === "0220" ? { "63": "CUP" } : {};
      return terminal.request(name, {
        "4": asked.fields["4"],
        "37": told.fields["37"],
        "38": told.fields["38"],
        "61": openBatch ? place : place + (told.fields["13"] ?? "0000"),
        ...organisation,
        ...change,
      });
    },
    reversal: (sale, change = {}) => {
      const removed = new Set(["26", "35", "36", "37", "52", "53", "62"]);
      const kept = Object.entries(sale.fields).filter(([number]) => !removed.has(number));
      const fields = Object.fromEntries(kept);
      return {
        mti: "0400",
        fields: {
          ...fields,
          "39": "98",
          "55": "9F36020001950500000000009F10080701010311111111",
          ...change,
        },
      };
    },
  };
  return terminal;
}
