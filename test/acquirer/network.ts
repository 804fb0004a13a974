/** A card network whose every answer a test decides: real sockets, real codec, real keys. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import {
  buildCupsHeader,
  cups,
  decode,
  encode,
  encodeForMac,
  macInput,
  responseMti,
  withMac,
  type Decoded,
} from "@tillway/iso8583";
import type { SecurityModule } from "@tillway/keys";
import { acceptFrames, type Clock, type Connection } from "@tillway/link";

export type Verdict =
  | { readonly kind: "code"; readonly code: string; readonly own?: Record<string, string> }
  | { readonly kind: "silence" }
  | { readonly kind: "wrong-mac" | "no-mac"; readonly code: string }
  /** Ends the connection instead of answering. */
  | { readonly kind: "cut" };

export type Network = {
  readonly port: number;
  /** Requests and advices in the order in which they came. */
  readonly seen: { readonly message: Decoded; readonly authentic: boolean }[];
  /** What a request or an advice is answered; the default approves and acknowledges. */
  rule: (message: Decoded) => Verdict | Promise<Verdict>;
  readonly of: (...mtis: string[]) => Decoded[];
  /** Answers a message that was seen before. */
  readonly answer: (message: Decoded, code: string) => Promise<void>;
  /** How many connections of the acquirer are signed on and have proved it. */
  readonly members: () => number;
  readonly signedOn: () => boolean;
  readonly clearPinBlock: (message: Decoded) => Promise<Uint8Array | undefined>;
  /** Ends every connection; while shut, new ones too. */
  readonly cut: (shut?: boolean) => void;
  readonly close: () => Promise<void>;
};

const SAME = [
  "2",
  "3",
  "4",
  "7",
  "11",
  "12",
  "13",
  "18",
  "25",
  "32",
  "33",
  "37",
  "41",
  "42",
  "49",
  "60",
  "90",
];

/** One connection of the acquirer: each signs on by itself and gets keys of its own. */
type Member = { readonly connection: Connection; zak: string; zpk: string; proven: boolean };

export async function startNetwork(
  module: SecurityModule,
  zmk: string,
  clock: Clock,
): Promise<Network> {
  const seen: Network["seen"] = [];
  const sockets = new Set<Socket>();
  let shut = false;
  const members = new Map<Connection, Member>();
  /** Who sent what was seen: a reply goes back there. */
  const senders = new WeakMap<Decoded, Member>();
  const header = buildCupsHeader({ source: "00010000", destination: "48021000" });

  const manage = async (message: Decoded, member: Member): Promise<void> => {
    const { fields } = message;
    const reply: Record<string, string> = { ...fields, "39": "00" };
    delete reply["128"];
    if (fields["70"] === "001") member.proven = false;
    if (fields["70"] === "101") {
      const usage = fields["53"]?.startsWith("1") ? "P0" : "M3";
      const made = await module.run({
        do: "generate-key",
        usage,
        algorithm: "tdes",
        bytes: 16,
        exportable: true,
      });
      if (!made.ok) throw new Error(made.message);
      const sent = await module.run({ do: "export-ecb", key: made.key, under: zmk });
      if (!sent.ok) throw new Error(sent.message);
      if (usage === "P0") member.zpk = made.key;
      else member.zak = made.key;
      reply["48"] = `NK${sent.cipher}${sent.kcv}`;
    }
    if (fields["70"] === "301" && fields["128"] !== undefined) member.proven = true;
    member.connection.send({ header, payload: encode(cups, { mti: "0810", fields: reply }) });
  };
  const signed = async (
    zak: string,
    mti: string,
    fields: Record<string, string>,
  ): Promise<Uint8Array> => {
    const bytes = encodeForMac(cups, { mti, fields });
    const made = await module.run({
      do: "mac",
      key: zak,
      algorithm: "x919",
      data: macInput(bytes),
    });
    if (!made.ok) throw new Error(made.message);
    return withMac(bytes, made.mac);
  };
  const reply = async (message: Decoded, verdict: Verdict): Promise<void> => {
    if (verdict.kind === "silence") return;
    const sender = senders.get(message);
    // Where the sender's connection is gone, what it waited for comes over another one.
    const gone = sender && !members.has(sender.connection);
    const member = gone ? [...members.values()].findLast(({ proven }) => proven) : sender;
    if (!member) return;
    if (verdict.kind === "cut") {
      for (const socket of sockets) socket.destroy();
      return;
    }
    const same = SAME.flatMap((number) => {
      const value = message.fields[number];
      return value === undefined ? [] : [[number, value] as const];
    });
    const own = verdict.kind === "code" ? verdict.own : {};
    const approved = verdict.code === "00" && /^0[12]0/.test(message.mti);
    const balance = approved && message.fields["3"] === "310000";
    const fields = {
      ...Object.fromEntries(same),
      ...(approved ? { "15": message.fields["13"] ?? "", "38": "A12345" } : {}),
      ...(balance ? { "54": "0002156C000000123456" } : {}),
      ...own,
      "39": verdict.code,
    };
    const mti = responseMti(message.mti);
    const payload =
      verdict.kind === "no-mac"
        ? encode(cups, { mti, fields })
        : await signed(member.zak, mti, fields);
    if (verdict.kind === "wrong-mac") payload[payload.length - 1] = (payload.at(-1) ?? 0) ^ 1;
    member.connection.send({ header, payload });
  };

  const network: Network = {
    port: 0,
    seen,
    rule: () => ({ kind: "code", code: "00" }),
    of: (...mtis) => seen.map(({ message }) => message).filter(({ mti }) => mtis.includes(mti)),
    answer: (message, code) => reply(message, { kind: "code", code }),
    members: () => [...members.values()].filter(({ proven }) => proven).length,
    signedOn: () => network.members() > 0,
    clearPinBlock: async (message) => {
      const block = message.fields["52"];
      const zpk = senders.get(message)?.zpk ?? "";
      if (block === undefined) return undefined;
      // The test's own zone key: only a key of the module can read it.
      const opened = await module.run({
        do: "translate-pin",
        from: zpk,
        to: zpk,
        block: Buffer.from(block, "hex"),
        pan: message.fields["2"] ?? "",
        fromFormat: 0,
        toFormat: 0,
      });
      return opened.ok ? opened.block : undefined;
    },
    cut: (andShut = false) => {
      shut = andShut;
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  const hear = async (payload: Uint8Array, connection: Connection): Promise<void> => {
    const message = decode(cups, payload);
    const member = members.get(connection);
    if (!member) return undefined;
    if (message.mti === "0800") return manage(message, member);
    senders.set(message, member);
    const [data, mac] = [macInput(payload), payload.slice(-8)];
    const key = member.zak;
    const checked = await module.run({ do: "verify-mac", key, algorithm: "x919", data, mac });
    seen.push({ message, authentic: checked.ok && checked.valid });
    return reply(message, await network.rule(message));
  };
  const limits = { maximum: 4096, idleMs: 60_000, stallMs: 5000, unsent: 1 << 20 };
  const server = createServer((socket) => {
    if (shut) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    const accepted = acceptFrames(socket, "cups46", limits, clock, {
      onFrame: (frame, connection) => void hear(frame.payload, connection),
      onClosed: (_reason, connection) => void members.delete(connection),
    });
    members.set(accepted, { connection: accepted, zak: "", zpk: "", proven: false });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(network, { port: (server.address() as AddressInfo).port });
}
