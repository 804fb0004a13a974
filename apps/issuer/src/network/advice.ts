/** Reversal advices (0420): stored, acknowledged, forwarded until the issuer has acknowledged. */
import { checkMessage, cups, keptFields, type Decoded } from "@tillway/iso8583";
import { encodeWithMac, type Cancel } from "@tillway/link";
import { transaction, withClient } from "../db/index.ts";
import { reasonOf } from "../log.ts";
import {
  businessDigest,
  cupsFrame,
  matchKey,
  NETWORK_INSTITUTION,
  originalKey,
} from "../wire/index.ts";
import { acknowledge, adviceDigest, countAttempt, dueAdvices } from "./store/advice.ts";
import { storeAdvice, wakeAdvices, type Advice } from "./store/advice.ts";
import type { NetworkContext } from "./context.ts";
import { findExchange, lockExpired } from "./store/exchange.ts";
import { routeOf } from "./store/member.ts";
import { abandon } from "./sale.ts";
import type { Session } from "./session.ts";

/**
 * Response codes after which an issuer will never say anything else about a reversal: done, nothing
 * to undo, not the same card or amount, not readable. Others are tried again.
 */
const FINAL = new Set(["00", "22", "25", "30", "64", "94"]);

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
  const key = matchKey(fields);
  const original = originalKey(fields["90"]);
  const pan = fields["2"];
  const complete = checkMessage(cups, message).outcome === "complete";
  if (!complete || key === undefined || original === undefined || pan === undefined) return "30";
  const from = session.member?.institution;
  if (from === undefined || fields["33"] !== from) return "92";
  const sealed = await context.module.run({ do: "seal-pan", ...context.panKeys, pan });
  if (!sealed.ok) return "30";
  const digest = businessDigest(sealed.token, fields);
  const { "2": _card, "128": _mac, ...kept } = keptFields(cups, message).fields;
  const now = context.clock.now();
  return withClient(context.database, async (sql) => {
    const to = (await findExchange(sql, original))?.to ?? (await routeOf(sql, pan));
    const stored = await storeAdvice(sql, {
      key,
      digest,
      originalKey: original,
      from,
      to,
      attempts: 0,
      dueAt: now,
      panCipher: sealed.cipher,
      message: kept,
      receivedAt: now,
    });
    if (stored) return "00";
    return (await adviceDigest(sql, key)) === digest ? "00" : "94";
  });
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
      await withClient(context.database, (sql) =>
        wakeAdvices(sql, institution, context.clock.now()),
      );
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
  const now = context.clock.now();
  const ended = await transaction(context.database, async (sql) => {
    const expired = await lockExpired(sql, now, AT_ONCE);
    for (const exchange of expired) await abandon(sql, exchange, now);
    return expired.length;
  });
  if (ended > 0) context.log.warn({ exchanges: ended }, "exchanges without an owner were reversed");
}

async function deliverDue(context: NetworkContext, stopped: () => boolean): Promise<void> {
  const now = context.clock.now();
  const due = await withClient(context.database, (sql) => dueAdvices(sql, now, AT_ONCE));
  for (const advice of due) if (!stopped()) await deliver(context, advice);
}

/** Sends an advice once and notes what came of it. */
async function deliver(context: NetworkContext, advice: Advice): Promise<void> {
  const { first, longest } = context.settings.advicePause;
  const pause = Math.min(longest, first * 2 ** Math.min(advice.attempts, 16));
  const { to } = advice;
  const issuer = to === undefined ? undefined : context.sessions.reachable(to);
  const [zak] = issuer?.zaks ?? [];
  if (to === undefined || !issuer || !zak) return;
  const opened = await context.module.run({
    do: "open-pan",
    key: context.panKeys.key,
    cipher: advice.panCipher,
  });
  if (!opened.ok) throw new Error(opened.message);
  // Noted before it is sent: after a crash it goes out as a repeat.
  await withClient(context.database, (sql) =>
    countAttempt(sql, advice.key, context.clock.now() + pause),
  );
  const mti = advice.attempts === 0 ? "0420" : "0421";
  const fields = { ...advice.message, "2": opened.pan };
  const payload = await encodeWithMac(context.module, cups, { mti, fields }, zak);
  const waiting = issuer.replies.expect(`0430${advice.key}`, context.settings.issuerMs);
  if (!issuer.connection.send(cupsFrame(NETWORK_INSTITUTION, to, payload))) return;
  const waited = await waiting;
  const code = waited.kind === "reply" ? (waited.reply.fields["39"] ?? "") : "";
  if (!FINAL.has(code)) {
    context.count("advice-unanswered");
    return;
  }
  await withClient(context.database, (sql) =>
    acknowledge(sql, advice.key, code, context.clock.now()),
  );
  context.count(`advice-${code}`);
}
