/** Advices (0220, 0420, 0620): stored, acknowledged, forwarded until the issuer has acknowledged. */
import { checkMessage, cups, keptFields, responseMti, type Decoded } from "@tillway/iso8583";
import { encodeWithMac, type Cancel } from "@tillway/link";
import { reasonOf } from "../log.ts";
import {
  businessDigest,
  cupsFrame,
  matchKey,
  NETWORK_INSTITUTION,
  originalKey,
} from "../wire/index.ts";
import { sealedCards, withoutCards } from "./cards.ts";
import type { NetworkContext } from "./context.ts";
import type { Advice, AdviceMti } from "./exchange.ts";
import { abandon } from "./request.ts";
import type { Session } from "./session.ts";

/** Response codes after which an issuer may say something else: the advice is sent again. */
const TRANSIENT = new Set(["", "90", "91", "92", "96", "98", "A0"]);

/** How often the due advices and the expired leases are looked at when nothing calls (ms). */
const LOOK_EVERY = 1000;
const AT_ONCE = 32;

/** Stores an acquirer's advice; the response code for its 0430. */
export async function takeAdvice(
  context: NetworkContext,
  message: Decoded,
  session: Session,
): Promise<string> {
  const { fields } = message;
  const { "2": pan, "90": elements } = fields;
  const key = matchKey(fields);
  const original = originalKey(elements);
  const check = checkMessage(cups, message);
  if (check.outcome === "unknown") return "40";
  if (check.outcome !== "complete" || key === undefined || pan === undefined) return "30";
  if (elements !== undefined && original === undefined) return "30";
  const from = session.member?.institution;
  if (from === undefined || fields["33"] !== from) return "92";
  const sealed = await sealedCards(context, pan, fields["103"]);
  if (!sealed) return "30";
  const digest = businessDigest(sealed, fields);
  const now = context.clock.now();
  const known = original === undefined ? undefined : await context.store.find(original);
  const stored = await context.store.take({
    key,
    mti: mtiOf(message.mti),
    digest,
    originalKey: original,
    from,
    to: known?.to ?? (await context.store.issuerOf(pan)),
    attempts: 0,
    dueAt: now,
    panCipher: sealed.cipher,
    receiverCipher: sealed.receiver?.cipher,
    message: withoutCards(keptFields(cups, message).fields),
    receivedAt: now,
  });
  return stored === undefined || stored === digest ? "00" : "94";
}

/** The type of an advice, also of its repeat. */
function mtiOf(mti: string): AdviceMti {
  if (mti.startsWith("042")) return "0420";
  return mti.startsWith("062") ? "0620" : "0220";
}

export type Forwarder = {
  /** Looks now for what is to be delivered. */
  readonly kick: () => void;
  /** A member can be reached again: everything that waits for it is due. */
  readonly memberIsBack: (institution: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Delivers what is due and ends exchanges whose owner is gone, one round at a time. */
export function startForwarder(context: NetworkContext): Forwarder {
  let stopped = false;
  let again = false;
  let round: Promise<void> | undefined;
  let timer: Cancel = () => undefined;

  const kick = (): void => {
    if (stopped) return;
    if (round) {
      again = true;
      return;
    }
    timer();
    round = rounds().finally(() => {
      round = undefined;
      if (again) kick();
      else if (!stopped) timer = context.clock.after(LOOK_EVERY, kick);
    });
  };
  const rounds = async (): Promise<void> => {
    again = false;
    try {
      await endExpired(context);
      await deliverDue(context, () => stopped);
    } catch (error) {
      context.log.error(reasonOf(error), "delivering advices failed; it is tried again");
      context.count("forwarder-error");
    }
  };
  kick();
  return {
    kick,
    memberIsBack: async (institution) => {
      await context.store.wake(institution, context.clock.now());
      kick();
    },
    stop: async () => {
      stopped = true;
      timer();
      await round;
    },
  };
}

/** Exchanges in flight after their lease: their process ended before it could decide. */
async function endExpired(context: NetworkContext): Promise<void> {
  const expired = await context.store.expired(context.clock.now(), AT_ONCE);
  for (const exchange of expired) await abandon(context, exchange);
  const exchanges = expired.length;
  if (exchanges > 0) context.log.warn({ exchanges }, "exchanges without an owner were given up");
}

/** Sends what is due, all at once but for advices about the same message: those keep their order. */
async function deliverDue(context: NetworkContext, stopped: () => boolean): Promise<void> {
  const due = await context.store.due(context.clock.now(), AT_ONCE);
  const turns = new Map<string, Advice[]>();
  for (const advice of due) {
    const about = advice.originalKey ?? advice.key;
    turns.set(about, [...(turns.get(about) ?? []), advice]);
  }
  const inOrder = async (advices: readonly Advice[]): Promise<void> => {
    for (const advice of advices) if (!stopped()) await deliver(context, advice);
  };
  await Promise.all([...turns.values()].map(inOrder));
}

/** Sends an advice once and notes what came of it. */
async function deliver(context: NetworkContext, advice: Advice): Promise<void> {
  const { first, longest } = context.settings.advicePause;
  const pause = Math.min(longest, first * 2 ** Math.min(advice.attempts, 16));
  const { to, mti } = advice;
  const issuer = to === undefined ? undefined : context.sessions.reachable(to);
  const [zak] = issuer?.zaks ?? [];
  if (to === undefined || !issuer || !zak) return;
  const fields = {
    ...advice.message,
    "2": await opened(context, advice.panCipher),
    ...(advice.receiverCipher && { "103": await opened(context, advice.receiverCipher) }),
  };
  // Noted before it is sent: after a crash it goes out as a repeat.
  await context.store.attempt([advice.key], [context.clock.now() + pause]);
  const sent = advice.attempts === 0 ? mti : `${mti.slice(0, 3)}1`;
  const payload = await encodeWithMac(context.module, cups, { mti: sent, fields }, zak);
  const reply = responseMti(mti) + advice.key;
  const waiting = issuer.replies.expect(reply, context.settings.issuerMs);
  if (!issuer.connection.send(cupsFrame(NETWORK_INSTITUTION, to, payload))) return;
  const waited = await waiting;
  const code = waited.kind === "reply" ? (waited.reply.fields["39"] ?? "") : "";
  if (TRANSIENT.has(code)) {
    context.count("advice-unanswered");
    return;
  }
  await context.store.acknowledge(advice.key, code, context.clock.now());
  context.count(`advice-${code}`);
}

async function opened({ module, panKeys }: NetworkContext, cipher: string): Promise<string> {
  const answer = await module.run({ do: "open-pan", key: panKeys.key, cipher });
  if (!answer.ok) throw new Error(answer.message);
  return answer.pan;
}
