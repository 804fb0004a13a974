/** The bank's network management: sign-on, its keys for the session, echo (0800, 0810). */
import { cups, encode, type Decoded, type MessageFields } from "@tillway/iso8583";
import type { KeyBlock, KeyUsage } from "@tillway/keys";
import { createPending, type Connection } from "@tillway/link";
import {
  cupsFrame,
  encodeWithMac,
  type MacKey,
  NETWORK_INSTITUTION,
  transmissionTime,
} from "../wire/index.ts";
import { BANK_INSTITUTION, type BankContext } from "./context.ts";

/** What the bank was given for one connection. */
export type LinkKeys = { readonly zpk: KeyBlock; readonly zak: MacKey };

export type SignOn = {
  /** Signs on and fetches both keys. Rejects where the network refuses or is silent. */
  readonly run: (on: Connection) => Promise<LinkKeys>;
  /** Asks for a sign of life, with a MAC. Rejects where there is none. */
  readonly echo: (on: Connection, keys: LinkKeys) => Promise<void>;
  /** Hands a reply (0810) to who waits for it. */
  readonly settle: (message: Decoded) => void;
  /** The connection is gone: nobody needs to wait. */
  readonly abandon: () => void;
};

const REPLY_MS = 5000;
const MAC_ALGORITHM = "x919";
const ECHO = { "70": "301" };

export function createSignOn(context: BankContext): SignOn {
  const replies = createPending<Decoded>(context.clock);
  let trace = 0;

  const ask = async (on: Connection, fields: MessageFields, zak?: MacKey): Promise<Decoded> => {
    trace = (trace % 999_999) + 1;
    const own = {
      "7": transmissionTime(context.clock.now()),
      "11": String(trace).padStart(6, "0"),
      "33": BANK_INSTITUTION,
      ...fields,
    };
    const message = { mti: "0800", fields: own };
    const payload = zak ? await encodeWithMac(context.module, zak, message) : encode(cups, message);
    const waiting = replies.expect(own["7"] + own["11"], REPLY_MS);
    on.send(cupsFrame(BANK_INSTITUTION, NETWORK_INSTITUTION, payload));
    const waited = await waiting;
    const code = waited.kind === "reply" ? waited.reply.fields["39"] : waited.kind;
    if (waited.kind !== "reply" || code !== "00") {
      throw new Error(`network management ${fields["70"]} was answered ${code ?? "nothing"}`);
    }
    return waited.reply;
  };

  const fetchKey = async (on: Connection, control: string, usage: KeyUsage): Promise<KeyBlock> => {
    const reply = await ask(on, { "53": control, "70": "101" });
    const carried = /^NK([0-9A-F]{32})([0-9A-F]{8})/.exec(reply.fields["48"] ?? "");
    const [, cipher = "", kcv = ""] = carried ?? [];
    const under = context.keys.zmk;
    const imported = await context.module.run({
      do: "import-ecb",
      usage,
      algorithm: "tdes",
      cipher,
      under,
      kcv,
    });
    if (!imported.ok) throw new Error(imported.message);
    return imported.key;
  };

  return {
    run: async (on) => {
      await ask(on, { "70": "001" });
      const zpk = await fetchKey(on, "1600000000000000", "P0");
      const key = await fetchKey(on, "2000000000000000", "M3");
      return { zpk, zak: { key, algorithm: MAC_ALGORITHM } };
    },
    echo: async (on, keys) => {
      await ask(on, ECHO, keys.zak);
    },
    settle: (message) => {
      const { 7: sent = "", 11: trace = "" } = message.fields;
      replies.settle(sent + trace, message);
    },
    abandon: () => replies.abandon(),
  };
}
