/** The link to the card network: kept open, signed on, with fresh keys, matched by 7+11+32+33. */
import {
  buildCupsHeader,
  cups,
  decode,
  encode,
  responseMti,
  type Decoded,
  type Frame,
  type Message,
} from "@tillway/iso8583";
import type { KeyBlock, MacAlgorithm, SecurityModule } from "@tillway/keys";
import {
  createPending,
  openLink,
  type Cancel,
  type Clock,
  type Connection,
  type Socket,
} from "@tillway/link";
import { networkKeyOf } from "../payments/index.ts";
import { encodeSigned, isSignedBy } from "./mac.ts";

export type LinkKeys = { readonly zpk: KeyBlock; readonly zak: KeyBlock };

/** A message of the network and whether its MAC was right. */
export type Heard = { readonly message: Decoded; readonly authentic: boolean };

export type NetworkLinkOptions = {
  readonly connect: () => Socket;
  readonly clock: Clock;
  readonly module: SecurityModule;
  readonly acquirer: string;
  readonly network: string;
  readonly mac: MacAlgorithm;
  readonly replyMs: number;
  readonly echoMs: number;
  /** DE 7 and 11 of a message of the link's own. */
  readonly transmit: () => Promise<{ readonly trace: string; readonly transmission: string }>;
  /** The zone master key; undefined where none was provisioned. */
  readonly zmk: () => Promise<KeyBlock | undefined>;
  /** MAC keys of earlier sign-ons, for answers that come late. */
  readonly earlierZaks: readonly KeyBlock[];
  /** Stores a key before it is used. */
  readonly keep: (usage: "zpk" | "zak", key: KeyBlock, kcv: string) => Promise<void>;
  readonly onUp: () => void;
  readonly onLate: (heard: Heard) => Promise<void>;
  readonly onEvent: (what: string) => void;
  readonly onFault: (what: string, error: unknown) => void;
};

/** What came of a request: the reply, silence after sending, or nothing was sent. */
export type Exchanged =
  | ({ readonly kind: "reply" } & Heard)
  | { readonly kind: "silent"; readonly reason: "timeout" | "link-lost" }
  | { readonly kind: "unreachable" };

export type NetworkLink = {
  /** The keys of the present sign-on; undefined while the link is not signed on. */
  readonly keys: () => LinkKeys | undefined;
  readonly exchange: (message: Message) => Promise<Exchanged>;
  readonly close: () => void;
};

const LIMITS = { maximum: 4096, stallMs: 10_000, unsent: 1 << 20 };
/** Pause after a sign-on that was refused. */
const REFUSED_MS = 1000;

/** What a reply and its request have in common. */
function matchOf(mti: string, fields: Message["fields"]): string {
  if (mti === "0810") return `${mti}/${fields["7"] ?? ""}/${fields["11"] ?? ""}`;
  return `${mti}/${networkKeyOf(fields)}`;
}

/** Opens the link; it connects, signs on and probes by itself until it is closed. */
export function openNetworkLink(options: NetworkLinkOptions): NetworkLink {
  const { clock, module } = options;
  const pending = createPending<Heard>(clock);
  let keys: LinkKeys | undefined;
  let zaks = [...options.earlierZaks];
  let probe: Cancel = () => undefined;
  const header = buildCupsHeader({ source: options.acquirer, destination: options.network });

  const hear = async (frame: Frame, connection: Connection): Promise<void> => {
    const message = decode(cups, frame.payload);
    watch();
    if (message.mti === "0800") {
      const code = message.fields["70"] === "301" ? "00" : "40";
      const same = Object.entries(message.fields).filter(([number]) => number !== "128");
      const fields = { ...Object.fromEntries(same), "39": code };
      connection.send({ header, payload: encode(cups, { mti: "0810", fields }) });
      return;
    }
    const signed = message.fields["128"] !== undefined;
    const { mac } = options;
    const authentic = signed && (await isSignedBy(module, frame.payload, zaks, mac));
    const heard: Heard = { message, authentic };
    if (pending.settle(matchOf(message.mti, message.fields), heard)) return;
    await options.onLate(heard);
  };
  const expect = async (message: Message, send: () => boolean): Promise<Exchanged> => {
    const match = matchOf(responseMti(message.mti), message.fields);
    const reply = pending.expect(match, options.replyMs);
    // A link that fails at the send may have taken part of the message: it counts as sent.
    send();
    const waited = await reply;
    if (waited.kind === "reply") return { kind: "reply", ...waited.reply };
    return { kind: "silent", reason: waited.kind === "timeout" ? "timeout" : "link-lost" };
  };
  const manage = async (connection: Connection, own: Message["fields"], zak?: KeyBlock) => {
    const { trace, transmission } = await options.transmit();
    const fields = { "7": transmission, "11": trace, "33": options.acquirer, ...own };
    const message: Message = { mti: "0800", fields };
    const payload = zak
      ? await encodeSigned(module, cups, message, { key: zak, algorithm: options.mac })
      : encode(cups, message);
    const answer = await expect(message, () => connection.send({ header, payload }));
    return answer.kind === "reply" ? answer.message.fields : undefined;
  };
  const fetchKey = async (
    connection: Connection,
    usage: "zpk" | "zak",
    zmk: KeyBlock,
  ): Promise<KeyBlock | undefined> => {
    const control = usage === "zpk" ? "1600000000000000" : "2000000000000000";
    const reply = await manage(connection, { "53": control, "70": "101" });
    const parts = /^NK([0-9A-F]{32})([0-9A-F]{8})/i.exec(reply?.["48"] ?? "");
    if (reply?.["39"] !== "00" || !parts) return undefined;
    const [, cipher = "", kcv = ""] = parts;
    const kind = usage === "zpk" ? ({ usage: "P0" } as const) : ({ usage: "M3" } as const);
    const common = { do: "import-ecb", algorithm: "tdes", under: zmk, cipher, kcv } as const;
    const made = await module.run({ ...common, ...kind });
    if (!made.ok) {
      options.onEvent("link-key-refused");
      return undefined;
    }
    await options.keep(usage, made.key, kcv);
    return made.key;
  };
  const signOn = async (connection: Connection): Promise<boolean> => {
    const zmk = await options.zmk();
    if (zmk === undefined) return false;
    const signed = await manage(connection, { "70": "001" });
    if (signed?.["39"] !== "00") return false;
    const zpk = await fetchKey(connection, "zpk", zmk);
    const zak = await fetchKey(connection, "zak", zmk);
    if (zpk === undefined || zak === undefined) return false;
    zaks = [zak, ...zaks].slice(0, 2);
    // An echo with a MAC shows the network that we hold the key.
    const echo = await manage(connection, { "70": "301" }, zak);
    if (echo?.["39"] !== "00" || present !== connection) return false;
    keys = { zpk, zak };
    return true;
  };
  /** After a silence the link is probed; a probe without an answer ends it. */
  const watch = (): void => {
    probe();
    probe = clock.after(options.echoMs, () => {
      const [connection, zak] = [present, keys?.zak];
      if (!connection || zak === undefined) return;
      manage(connection, { "70": "301" }, zak).then(
        (reply) => {
          if (reply === undefined && present === connection) connection.close();
          return reply;
        },
        (error: unknown) => options.onFault("the probe of the network link failed", error),
      );
    });
  };

  let present: Connection | undefined;
  const link = openLink({
    connect: options.connect,
    framing: "cups46",
    limits: { ...LIMITS, idleMs: options.echoMs * 3 + options.replyMs },
    clock,
    onUp: (connection) => {
      present = connection;
      options.onEvent("link-connected");
      signOn(connection)
        .catch((error: unknown) => {
          options.onFault("sign-on to the network failed", error);
          return false;
        })
        .then((done) => {
          if (present !== connection) return;
          options.onEvent(done ? "link-up" : "sign-on-refused");
          if (done) options.onUp();
          else clock.after(REFUSED_MS, () => connection.close());
        })
        .catch((error: unknown) => options.onFault("sign-on to the network failed", error));
    },
    onFrame: (frame, connection) => {
      hear(frame, connection).catch((error: unknown) => {
        options.onEvent("unreadable-network-message");
        options.onFault("a message of the network was not handled", error);
      });
    },
    onDown: (reason) => {
      if (present) options.onEvent(`link-down-${reason}`);
      present = undefined;
      keys = undefined;
      probe();
      pending.abandon();
    },
  });
  return {
    keys: () => keys,
    exchange: async (message) => {
      const [connection, zak] = [present, keys?.zak];
      if (!connection || zak === undefined) return { kind: "unreachable" };
      const mac = { key: zak, algorithm: options.mac };
      const payload = await encodeSigned(module, cups, message, mac);
      if (present !== connection) return { kind: "unreachable" };
      return expect(message, () => connection.send({ header, payload }));
    },
    close: () => {
      probe();
      present = undefined;
      keys = undefined;
      link.close();
      pending.abandon();
    },
  };
}
