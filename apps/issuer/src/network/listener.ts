/** Members' connections: each message finds the part that handles it. */
import { cups, decode, encode, MessageError, responseMti } from "@tillway/iso8583";
import type { Decoded, Frame, MessageFields } from "@tillway/iso8583";
import { acceptFrames, encodeWithMac, hasValidMac, type Socket } from "@tillway/link";
import { reasonOf } from "../log.ts";
import {
  CUPS_FRAMING,
  cupsFrame,
  LINK_LIMITS,
  matchKey,
  NETWORK_INSTITUTION,
  readablePart,
} from "../wire/index.ts";
import { takeAdvice, type Forwarder } from "./advice.ts";
import type { NetworkContext } from "./context.ts";
import { manage } from "./management.ts";
import { adviceReply, requestReply } from "./replies.ts";
import type { Requests } from "./request.ts";
import type { Session } from "./session.ts";

/** Refusals that may be believed without a MAC: they say that nothing was done. */
const WITHOUT_MAC = new Set(["30", "97", "99", "A0"]);

export type NetworkParts = {
  readonly context: NetworkContext;
  readonly requests: Requests;
  readonly forwarder: Forwarder;
};

/** Takes a member's connection, of whatever transport, until it ends. */
export function acceptMember(parts: NetworkParts, socket: Socket): void {
  const { context } = parts;
  let session: Session | undefined;
  const connection = acceptFrames(socket, CUPS_FRAMING, LINK_LIMITS, context.clock, {
    onFrame: (frame) => {
      if (!session) return;
      receive(parts, session, frame).catch((error: unknown) => {
        // Nothing is said: the member's own timer decides, as if the message had been lost.
        context.count("defect");
        context.log.error(reasonOf(error), "a message was not handled");
      });
    },
    onClosed: (reason) => {
      context.count(`closed-${reason}`);
      if (session) context.sessions.close(session);
    },
  });
  session = context.sessions.open(connection);
}

async function receive(parts: NetworkParts, session: Session, frame: Frame): Promise<void> {
  const { context } = parts;
  let message: Decoded;
  try {
    message = decode(cups, frame.payload);
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    return unreadable(context, session, frame, error);
  }
  switch (message.mti) {
    case "0800":
      return management(parts, session, message, frame.payload);
    case "0100":
    case "0101":
    case "0200":
    case "0201":
    case "0220":
    case "0221":
    case "0420":
    case "0421":
    case "0620":
    case "0621":
      return request(parts, session, message, frame.payload);
    case "0110":
    case "0210":
    case "0230":
    case "0430":
    case "0630":
      return reply(parts, session, message, frame.payload);
    case "0810":
      return undefined;
    default:
      context.count("unknown-message");
      // Answered where it asks for an answer (ISO 8583:1987, third digit of the type).
      if (/^0\d[02]\d$/.test(message.mti)) await say(context, session, message, { "39": "40" });
  }
}

/** A message that cannot be decoded: 30 where it says enough to be answered, else the end. */
async function unreadable(
  context: NetworkContext,
  session: Session,
  frame: Frame,
  error: MessageError,
): Promise<void> {
  context.count(`unreadable-${error.code}`);
  context.log.warn({ path: error.path, offset: error.offset }, error.message);
  const part = readablePart(frame.payload, error);
  if (!part || !/^0\d[02]\d$/.test(part.mti) || !part.fields["11"]) {
    session.connection.close();
    return;
  }
  await say(context, session, part, { "39": "30" });
}

const KEY_AND_CODE = ["3", "7", "11", "32", "33", "70", "90"];

/** A short answer to a message that was not carried out. */
async function say(
  context: NetworkContext,
  session: Session,
  message: Decoded,
  own: MessageFields,
): Promise<void> {
  const repeated = KEY_AND_CODE.flatMap((number) => {
    const value = message.fields[number];
    return value === undefined ? [] : [[number, value] as const];
  });
  const fields = { ...Object.fromEntries(repeated), ...own };
  await send(context, session, { mti: responseMti(message.mti), fields });
}

/** Sends a message, with a MAC where the session has a MAC key. */
async function send(
  context: NetworkContext,
  session: Session,
  message: { readonly mti: string; readonly fields: MessageFields },
): Promise<void> {
  const [zak] = session.zaks;
  const payload = zak
    ? await encodeWithMac(context.module, cups, message, zak)
    : encode(cups, message);
  deliver(session, payload);
}

function deliver(session: Session, payload: Uint8Array): void {
  const to = session.member?.institution ?? "";
  session.connection.send(cupsFrame(NETWORK_INSTITUTION, to, payload));
}

async function management(
  { context, forwarder }: NetworkParts,
  session: Session,
  message: Decoded,
  payload: Uint8Array,
): Promise<void> {
  const signed = message.fields["128"] !== undefined;
  if (signed && !(await hasValidMac(context.module, cups, { payload, message }, session.zaks))) {
    context.count("wrong-mac");
    return say(context, session, message, { "39": "A0" });
  }
  const parts = { module: context.module, findMember: context.store.member };
  const fields = await manage(parts, session, message.fields);
  const reply = { mti: "0810", fields };
  // What proves itself is answered with a proof. Keys travel under the ZMK; a MAC under a key that
  // the reply itself brings would be no use.
  if (signed) await send(context, session, reply);
  else deliver(session, encode(cups, reply));
  if (signed) await proven({ context, forwarder }, session);
  return undefined;
}

/** A valid MAC shows that the member holds the ZMK; from then on it gets requests and advices. */
async function proven(
  { context, forwarder }: Pick<NetworkParts, "context" | "forwarder">,
  session: Session,
): Promise<void> {
  if (session.proven || !session.member) return;
  session.proven = true;
  const { institution, role } = session.member;
  context.log.info({ institution, role }, "a member is signed on");
  await forwarder.memberIsBack(institution);
}

async function request(
  parts: NetworkParts,
  session: Session,
  message: Decoded,
  payload: Uint8Array,
): Promise<void> {
  const { context, requests, forwarder } = parts;
  if (!session.member) return say(context, session, message, { "39": "92" });
  if (!(await hasValidMac(context.module, cups, { payload, message }, session.zaks))) {
    context.count("wrong-mac");
    return say(context, session, message, { "39": "A0" });
  }
  await proven(parts, session);
  const { fields } = message;
  const mti = responseMti(message.mti);
  if (message.mti[2] === "0") {
    const outcome = await requests.request(message, session);
    context.count(`answered-${outcome.code}`);
    return send(context, session, { mti, fields: requestReply(fields, outcome) });
  }
  const code = await takeAdvice(context, message, session);
  context.count(`advice-taken-${code}`);
  await send(context, session, { mti, fields: adviceReply(fields, code) });
  forwarder.kick();
}

/** An issuer's answer, handed to who waits for it; without a valid MAC it may only refuse. */
async function reply(
  { context, requests }: NetworkParts,
  session: Session,
  message: Decoded,
  payload: Uint8Array,
): Promise<void> {
  const key = matchKey(message.fields);
  if (key === undefined) return context.count("unknown-answer");
  const isOfRequest = message.mti[2] === "1";
  if (message.fields["128"] === undefined) {
    context.count("answer-without-mac");
    if (!isOfRequest || !WITHOUT_MAC.has(message.fields["39"] ?? "")) return;
  } else if (!(await hasValidMac(context.module, cups, { payload, message }, session.zaks))) {
    return context.count("wrong-mac");
  }
  if (session.replies.settle(message.mti + key, message)) return;
  if (isOfRequest) await requests.late(message);
  else context.count("unknown-answer");
}
