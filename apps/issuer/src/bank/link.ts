/** The bank as a member of the network: it keeps connected, signs on, and answers. */
import { cups, encode, MessageError, responseMti, type Decoded } from "@tillway/iso8583";
import {
  encodeWithMac,
  hasValidMac,
  openMember,
  type MemberKeys,
  type Received,
  type Socket,
} from "@tillway/link";
import { reasonOf } from "../log.ts";
import { NETWORK_INSTITUTION, transmissionTime } from "../wire/index.ts";
import { BANK_INSTITUTION, type BankContext } from "./context.ts";
import { authorise } from "./authorise.ts";
import { takeNotice } from "./notice.ts";

export type BankLink = {
  /** Whether the bank is signed on and has its keys. */
  readonly ready: () => boolean;
  readonly close: () => void;
};

const MAC_ALGORITHM = "x919";
const REPLY_MS = 5000;
const ECHO_MS = 60_000;

/** Keeps the bank connected to the network for as long as it is not closed. */
export function openBankLink(context: BankContext, connect: () => Socket): BankLink {
  const { clock, log, module } = context;
  let count = 0;
  const member = openMember({
    connect,
    clock,
    module,
    institution: BANK_INSTITUTION,
    network: NETWORK_INSTITUTION,
    mac: MAC_ALGORITHM,
    replyMs: REPLY_MS,
    echoMs: ECHO_MS,
    transmit: () => {
      count = (count % 999_999) + 1;
      const trace = String(count).padStart(6, "0");
      return Promise.resolve({ trace, transmission: transmissionTime(clock.now()) });
    },
    zmk: () => Promise.resolve(context.keys.zmk),
    // They live as long as the connection; nothing of the bank's is answered after it.
    keep: () => Promise.resolve(),
    onMessage: async (received, line) => {
      const reply = await answer(context, received, line.keys, () => member.doubt());
      if (reply) line.send(reply);
    },
    onUp: () => log.info({ institution: BANK_INSTITUTION }, "the bank is signed on to the network"),
    onDown: () => undefined,
    onEvent: (event) => {
      context.count(event);
      log.info({ event }, "the bank's link to the network");
    },
    // Without an answer the network gives the transaction up and has it reversed.
    onFault: (what, error) => {
      if (!(error instanceof MessageError)) context.count("defect");
      log.error(reasonOf(error), what);
    },
  });
  return { ready: () => member.line() !== undefined, close: member.close };
}

/** Fields by which the network finds the request of an answer that has no MAC. */
const KEY_FIELDS = ["3", "7", "11", "32", "33"];

/** Messages about another one, and those that ask for something or tell what was done. */
const NOTICES = new Set(["0420", "0421", "0620", "0621"]);
const REQUESTS = new Set(["0100", "0101", "0200", "0201", "0220", "0221"]);

/** The bytes that answer a request; undefined where nothing is to be said. */
async function answer(
  context: BankContext,
  received: Received<Decoded>,
  keys: MemberKeys | undefined,
  onWrongMac: () => void,
): Promise<Uint8Array | undefined> {
  const { message } = received;
  const notice = NOTICES.has(message.mti);
  if (!notice && !REQUESTS.has(message.mti)) {
    context.count("unknown-message");
    return undefined;
  }
  const mti = responseMti(message.mti);
  if (!keys || !(await hasValidMac(context.module, cups, received, [keys.zak]))) {
    context.count("wrong-mac");
    onWrongMac();
    const repeated = KEY_FIELDS.flatMap((number) => {
      const value = message.fields[number];
      return value === undefined ? [] : [[number, value] as const];
    });
    return encode(cups, { mti, fields: { ...Object.fromEntries(repeated), "39": "A0" } });
  }
  const fields = notice
    ? await takeNotice(context, message)
    : await authorise(context, message, keys.zpk);
  return encodeWithMac(context.module, cups, { mti, fields }, keys.zak);
}
