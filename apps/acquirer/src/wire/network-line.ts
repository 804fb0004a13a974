/** One connection to the network from its sign-on to its end: keys, probes, replies awaited. */
import { cups, encode, responseMti, type Decoded, type Message } from "@tillway/iso8583";
import type { KeyBlock, MacAlgorithm, SecurityModule } from "@tillway/keys";
import type { Cancel, Clock, Connection, Pending } from "@tillway/link";
import { networkKeyOf } from "../payments/index.ts";
import { encodeSigned } from "./mac.ts";

export type LinkKeys = { readonly zpk: KeyBlock; readonly zak: KeyBlock };

/** A message of the network and whether its MAC was right. */
export type Heard = { readonly message: Decoded; readonly authentic: boolean };

/** What came of a request: the reply, silence after sending, or nothing was sent. */
export type Exchanged =
  | ({ readonly kind: "reply" } & Heard)
  | { readonly kind: "silent"; readonly reason: "timeout" | "link-lost" }
  | { readonly kind: "unreachable" };

/** The link's state; `present` and `keys` are those of the connection that lives. */
export type Line = {
  readonly clock: Clock;
  readonly module: SecurityModule;
  readonly acquirer: string;
  readonly mac: MacAlgorithm;
  readonly replyMs: number;
  readonly echoMs: number;
  readonly header: string;
  readonly pending: Pending<Heard>;
  readonly transmit: () => Promise<{ readonly trace: string; readonly transmission: string }>;
  readonly zmk: () => Promise<KeyBlock | undefined>;
  readonly keep: (usage: "zpk" | "zak", key: KeyBlock, kcv: string) => Promise<void>;
  readonly onEvent: (what: string) => void;
  readonly onFault: (what: string, error: unknown) => void;
  present: Connection | undefined;
  keys: LinkKeys | undefined;
  /** MAC keys of replies: the newest first, then the one before. */
  zaks: readonly KeyBlock[];
  probe: Cancel;
};

/** What a reply and its request have in common. */
export function matchOf(mti: string, fields: Message["fields"]): string {
  if (mti === "0810") return `${mti}/${fields["7"] ?? ""}/${fields["11"] ?? ""}`;
  return `${mti}/${networkKeyOf(fields)}`;
}

/** Sends bytes and waits for the reply to their message. */
export async function exchangeOn(
  line: Line,
  connection: Connection,
  message: Message,
  payload: Uint8Array,
): Promise<Exchanged> {
  const match = matchOf(responseMti(message.mti), message.fields);
  const reply = line.pending.expect(match, line.replyMs);
  // A link that fails at the send may have taken part of the message: it counts as sent.
  connection.send({ header: line.header, payload });
  const waited = await reply;
  if (waited.kind === "reply") return { kind: "reply", ...waited.reply };
  return { kind: "silent", reason: waited.kind === "timeout" ? "timeout" : "link-lost" };
}

/** A management request (0800); the fields of its reply, or undefined where there is none. */
async function manage(
  line: Line,
  connection: Connection,
  own: Message["fields"],
  zak?: KeyBlock,
): Promise<Message["fields"] | undefined> {
  const { trace, transmission } = await line.transmit();
  const fields = { "7": transmission, "11": trace, "33": line.acquirer, ...own };
  const message: Message = { mti: "0800", fields };
  const payload =
    zak === undefined
      ? encode(cups, message)
      : await encodeSigned(line.module, cups, message, { key: zak, algorithm: line.mac });
  const answer = await exchangeOn(line, connection, message, payload);
  return answer.kind === "reply" ? answer.message.fields : undefined;
}

/** A fresh working key under the zone master key; DE 53 says which, DE 48 brings it (spec §2.10). */
async function fetchKey(
  line: Line,
  connection: Connection,
  usage: "zpk" | "zak",
  zmk: KeyBlock,
): Promise<KeyBlock | undefined> {
  const control = usage === "zpk" ? "1600000000000000" : "2000000000000000";
  const reply = await manage(line, connection, { "53": control, "70": "101" });
  const parts = /^NK([0-9A-F]{32})([0-9A-F]{8})/i.exec(reply?.["48"] ?? "");
  if (reply?.["39"] !== "00" || !parts) return undefined;
  const [, cipher = "", kcv = ""] = parts;
  const kind = usage === "zpk" ? "P0" : "M3";
  const common = { do: "import-ecb", algorithm: "tdes", under: zmk, cipher, kcv } as const;
  const made = await line.module.run({ ...common, usage: kind });
  if (!made.ok) {
    line.onEvent("link-key-refused");
    return undefined;
  }
  await line.keep(usage, made.key, kcv);
  return made.key;
}

/** Signs on and fetches both keys; false where the network refuses or does not answer. */
export async function signOn(line: Line, connection: Connection): Promise<boolean> {
  const zmk = await line.zmk();
  if (zmk === undefined) return false;
  const signed = await manage(line, connection, { "70": "001" });
  if (signed?.["39"] !== "00") return false;
  const zpk = await fetchKey(line, connection, "zpk", zmk);
  const zak = await fetchKey(line, connection, "zak", zmk);
  if (zpk === undefined || zak === undefined) return false;
  line.zaks = [zak, ...line.zaks].slice(0, 2);
  // An echo with a MAC shows the network that we hold the key.
  const echo = await manage(line, connection, { "70": "301" }, zak);
  if (echo?.["39"] !== "00" || line.present !== connection) return false;
  line.keys = { zpk, zak };
  return true;
}

/** After a silence the line is probed with an echo; a probe without an answer ends it. */
export function watch(line: Line): void {
  line.probe();
  line.probe = line.clock.after(line.echoMs, () => {
    const { present: connection, keys } = line;
    if (!connection || !keys) return;
    const probe = async (): Promise<void> => {
      const reply = await manage(line, connection, { "70": "301" }, keys.zak);
      if (reply === undefined && line.present === connection) connection.close();
    };
    probe().catch((error: unknown) => line.onFault("the probe of the network link failed", error));
  });
}
