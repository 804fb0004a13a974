/** A member's side of its link to the card network: sign-on, keys, echo (0800, 0810). */
import {
  buildCupsHeader,
  cups,
  decode,
  encode,
  MessageError,
  type Decoded,
  type Frame,
  type MessageFields,
} from "@tillway/iso8583";
import type { KeyBlock, MacAlgorithm, SecurityModule } from "@tillway/keys";
import type { Cancel, Clock } from "./clock.ts";
import type { Connection, Socket } from "./connection.ts";
import { openLink } from "./link.ts";
import { encodeWithMac, hasValidMac, type MacKey, type Received } from "./mac.ts";
import { createPending, type Pending } from "./pending.ts";

/** The working keys of one sign-on. */
export type MemberKeys = { readonly zpk: KeyBlock; readonly zak: MacKey };

/** One connection as those see it who use it. */
export type MemberLine = {
  /** Undefined until the network has given both. */
  readonly keys: MemberKeys | undefined;
  /** Queues a message for the network; false where the connection is gone. */
  readonly send: (payload: Uint8Array) => boolean;
};

export type MemberEvent =
  | "link-connected"
  | "link-up"
  | "link-key-refused"
  | "sign-on-refused"
  | "unreadable-network-message"
  | "unknown-answer"
  | `link-down-${string}`;

export type MemberOptions = {
  readonly connect: () => Socket;
  readonly clock: Clock;
  readonly module: SecurityModule;
  /** Institution numbers of the member and of the network. */
  readonly institution: string;
  readonly network: string;
  readonly mac: MacAlgorithm;
  /** How long a management request may wait for its reply (ms). */
  readonly replyMs: number;
  /** Silence after which the line is probed (ms). */
  readonly echoMs: number;
  /** DE 11 and DE 7 of the next message of ours. */
  readonly transmit: () => Promise<{ readonly trace: string; readonly transmission: string }>;
  /** The zone master key; undefined where there is none yet. */
  readonly zmk: () => Promise<KeyBlock | undefined>;
  /** Hears of each working key before it is used. */
  readonly keep: (usage: "zpk" | "zak", key: KeyBlock, kcv: string) => Promise<void>;
  /** Every message but management. The line may not be signed on yet. */
  readonly onMessage: (received: Received<Decoded>, line: MemberLine) => Promise<void>;
  readonly onUp: () => void;
  /** The connection is gone, or the link is closed. */
  readonly onDown: () => void;
  readonly onEvent: (what: MemberEvent) => void;
  readonly onFault: (what: string, error: unknown) => void;
};

export type Member = {
  /** The present connection while it is signed on; another object for each sign-on. */
  readonly line: () => (MemberLine & { readonly keys: MemberKeys }) | undefined;
  /**
   * A message did not verify: the two ends may hold different keys (a repeated key change does
   * that). The line is probed at once, and signs on anew where the proof fails.
   */
  readonly doubt: () => void;
  readonly close: () => void;
};

type Line = {
  readonly connection: Connection;
  readonly send: (payload: Uint8Array) => boolean;
  keys: MemberKeys | undefined;
};

type State = {
  readonly options: MemberOptions;
  readonly header: string;
  readonly replies: Pending<Received<Decoded>>;
  present: Line | undefined;
  signedOn: ReturnType<Member["line"]>;
  probe: Cancel;
  probing: boolean;
};

const LIMITS = { maximum: 4096, stallMs: 10_000, unsent: 1 << 20 };
/** Pause after a sign-on that was refused. */
const REFUSED_MS = 1000;
const ECHO = { "70": "301" };

/** Opens the link; it connects, signs on and probes by itself until it is closed. */
export function openMember(options: MemberOptions): Member {
  const { clock, onEvent, onFault } = options;
  const state: State = {
    options,
    header: buildCupsHeader({ source: options.institution, destination: options.network }),
    replies: createPending<Received<Decoded>>(clock),
    present: undefined,
    signedOn: undefined,
    probe: () => undefined,
    probing: false,
  };
  const down = (): void => {
    state.present = undefined;
    state.signedOn = undefined;
    state.probe();
    state.replies.abandon();
    options.onDown();
  };
  const link = openLink({
    connect: options.connect,
    framing: "cups46",
    limits: { ...LIMITS, idleMs: options.echoMs * 3 + options.replyMs },
    clock,
    onUp: (connection) => {
      const send = (payload: Uint8Array): boolean =>
        connection.send({ header: state.header, payload });
      const line: Line = { connection, send, keys: undefined };
      state.present = line;
      onEvent("link-connected");
      begin(state, line).catch((error: unknown) => {
        onFault("sign-on to the network failed", error);
        connection.close();
      });
    },
    onFrame: (frame) => {
      if (state.present) hear(state, state.present, frame);
    },
    onDown: (reason) => {
      if (state.present) onEvent(`link-down-${reason}`);
      down();
    },
  });
  return {
    line: () => state.signedOn,
    doubt: () => doubt(state),
    close: () => {
      link.close();
      down();
    },
  };
}

async function begin(state: State, line: Line): Promise<void> {
  const { clock, onEvent, onUp } = state.options;
  const keys = await signOn(state, line);
  if (state.present !== line) return;
  onEvent(keys ? "link-up" : "sign-on-refused");
  if (keys) {
    state.signedOn = { keys, send: line.send };
    onUp();
  } else {
    clock.after(REFUSED_MS, () => line.connection.close());
  }
}

/** Signs on and fetches both keys; undefined where the network refuses or does not answer. */
async function signOn(state: State, line: Line): Promise<MemberKeys | undefined> {
  const zmk = await state.options.zmk();
  if (zmk === undefined) return undefined;
  const signed = await manage(state, line, { "70": "001" });
  if (signed?.["39"] !== "00") return undefined;
  const zpk = await fetchKey(state, line, "zpk", zmk);
  const zak = zpk && (await fetchKey(state, line, "zak", zmk));
  if (zpk === undefined || zak === undefined) return undefined;
  // Set before the echo is answered: requests may come right behind that answer.
  line.keys = { zpk, zak: { key: zak, algorithm: state.options.mac } };
  // An echo with a MAC shows the network that we hold the key.
  return (await proves(state, line, line.keys)) ? line.keys : undefined;
}

/** A fresh working key under the zone master key; DE 53 says which, DE 48 brings it (spec §2.10). */
async function fetchKey(
  state: State,
  line: Line,
  usage: "zpk" | "zak",
  zmk: KeyBlock,
): Promise<KeyBlock | undefined> {
  const { module, keep, onEvent } = state.options;
  const control = usage === "zpk" ? "1600000000000000" : "2000000000000000";
  const reply = await manage(state, line, { "53": control, "70": "101" });
  const parts = /^NK([0-9A-F]{32})([0-9A-F]{8})/i.exec(reply?.["48"] ?? "");
  if (reply?.["39"] !== "00" || !parts) return undefined;
  const [, cipher = "", kcv = ""] = parts;
  const kind = usage === "zpk" ? "P0" : "M3";
  const common = { do: "import-ecb", algorithm: "tdes", under: zmk, cipher, kcv } as const;
  const made = await module.run({ ...common, usage: kind });
  if (!made.ok) {
    onEvent("link-key-refused");
    return undefined;
  }
  await keep(usage, made.key, kcv);
  return made.key;
}

const matchOf = (fields: MessageFields): string => `${fields["7"] ?? ""}/${fields["11"] ?? ""}`;

/** Whether a signed echo is answered well: a reply with a MAC shows that the keys are the same. */
async function proves(state: State, line: Line, { zak }: MemberKeys): Promise<boolean> {
  const { module } = state.options;
  const reply = await exchange(state, line, ECHO, zak);
  if (reply?.message.fields["39"] !== "00") return false;
  const signed = reply.message.fields["128"] !== undefined;
  return !signed || hasValidMac(module, cups, reply, [zak]);
}

/** A management request without a MAC; the fields of its reply, or undefined where there is none. */
async function manage(
  state: State,
  line: Line,
  own: MessageFields,
): Promise<MessageFields | undefined> {
  return (await exchange(state, line, own))?.message.fields;
}

/** Sends a management request (0800) and waits for its reply. */
async function exchange(
  state: State,
  line: Line,
  own: MessageFields,
  zak?: MacKey,
): Promise<Received<Decoded> | undefined> {
  const { institution, module, replyMs, transmit } = state.options;
  const { trace, transmission } = await transmit();
  const fields = { "7": transmission, "11": trace, "33": institution, ...own };
  const message = { mti: "0800", fields };
  const payload = zak ? await encodeWithMac(module, cups, message, zak) : encode(cups, message);
  if (state.present !== line) return undefined;
  const reply = state.replies.expect(matchOf(fields), replyMs);
  line.send(payload);
  const waited = await reply;
  return waited.kind === "reply" ? waited.reply : undefined;
}

/** After a silence the line is probed with an echo; without the right answer it ends. */
function watch(state: State, line: Line): void {
  const { clock, echoMs } = state.options;
  state.probe();
  state.probe = clock.after(echoMs, () => {
    if (state.present === line) doubt(state);
  });
}

/** Probes the present line, once at a time; one that does not prove itself is ended. */
function doubt(state: State): void {
  const { present: line, signedOn, options, probing } = state;
  if (!line || !signedOn || probing) return;
  state.probing = true;
  proves(state, line, signedOn.keys)
    .then((proved) => (proved ? undefined : line.connection.close()))
    .catch((error: unknown) => options.onFault("the probe of the network link failed", error))
    .finally(() => {
      state.probing = false;
    });
}

function hear(state: State, line: Line, frame: Frame): void {
  const { onEvent, onFault, onMessage } = state.options;
  watch(state, line);
  let message: Decoded;
  try {
    message = decode(cups, frame.payload);
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    onEvent("unreadable-network-message");
    onFault("a message of the network could not be read", error);
    return;
  }
  if (message.mti === "0800") {
    const same = Object.entries(message.fields).filter(([number]) => number !== "128");
    const code = message.fields["70"] === "301" ? "00" : "40";
    const fields = { ...Object.fromEntries(same), "39": code };
    line.send(encode(cups, { mti: "0810", fields }));
  } else if (message.mti === "0810") {
    const received = { payload: frame.payload, message };
    if (!state.replies.settle(matchOf(message.fields), received)) onEvent("unknown-answer");
  } else {
    // The other end could not verify what we sent.
    if (message.fields["39"] === "A0") doubt(state);
    onMessage({ payload: frame.payload, message }, line).catch((error: unknown) =>
      onFault("a message of the network was not handled", error),
    );
  }
}
