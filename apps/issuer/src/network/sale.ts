/** A request (0200) on its way through the network: written down, forwarded, answered, once. */
import { fromHex, toHex } from "@tillway/bytes";
import { checkMessage, cups, keptFields, type Decoded, type MessageFields } from "@tillway/iso8583";
import type { Sql } from "@tillway/database";
import { encodeWithMac } from "@tillway/link";
import { transaction, withClient } from "../db/index.ts";
import { reasonOf } from "../log.ts";
import { businessDigest, cupsFrame, matchKey, NETWORK_INSTITUTION } from "../wire/index.ts";
import { isReversed, nextTrace, storeAdvice } from "./store/advice.ts";
import type { NetworkContext } from "./context.ts";
import { endExchange, findExchange, openExchange, recordLate } from "./store/exchange.ts";
import type { Exchange } from "./store/exchange.ts";
import { routeOf } from "./store/member.ts";
import { answerToKeep, type Outcome } from "./replies.ts";
import { reversalOf } from "./reversal.ts";
import type { Session } from "./session.ts";

/** A lease outlives the wait by this much (ms), for the commit that ends it. */
const LEASE_MARGIN = 5000;

export type Sales = {
  /** The outcome of a request whose MAC is right: new, repeated, or refused. */
  readonly request: (message: Decoded, session: Session) => Promise<Outcome>;
  /** An answer for which nobody waits any more: it is recorded, not sent. */
  readonly late: (message: Decoded) => Promise<void>;
  /** Resolves when nothing is in flight any more. */
  readonly drained: () => Promise<void>;
};

type Running = { readonly digest: string; readonly outcome: Promise<Outcome> };

/** `advised` is called when an advice was stored that should be delivered. */
export function createSales(context: NetworkContext, advised: () => void): Sales {
  const running = new Map<string, Running>();

  const request = async (message: Decoded, session: Session): Promise<Outcome> => {
    const { fields } = message;
    const key = matchKey(fields);
    const pan = fields["2"];
    const check = checkMessage(cups, message);
    if (check.outcome === "unknown") return { code: "40" };
    if (check.outcome !== "complete" || key === undefined || pan === undefined) {
      context.log.warn({ check }, "a request was not complete");
      return { code: "30" };
    }
    if (fields["33"] !== session.member?.institution) return { code: "92" };
    const sealed = await context.module.run({ do: "seal-pan", ...context.panKeys, pan });
    if (!sealed.ok) return { code: "30" };
    const digest = businessDigest(sealed.token, fields);
    const same = running.get(key);
    if (same) return same.digest === digest ? same.outcome : { code: "94" };
    const arrival: Arrival = { key, pan, digest, sealed, message, session };
    const outcome = pass(context, arrival, advised).finally(() => running.delete(key));
    running.set(key, { digest, outcome });
    return outcome;
  };

  const late = async (message: Decoded): Promise<void> => {
    const key = matchKey(message.fields);
    if (key === undefined) return;
    const kept = answerToKeep(keptFields(cups, message).fields);
    const recorded = await withClient(context.database, (sql) => recordLate(sql, key, kept));
    context.count(recorded ? "late-answer" : "unknown-answer");
  };

  const drained = async (): Promise<void> => {
    await Promise.allSettled([...running.values()].map(({ outcome }) => outcome));
  };
  return { request, late, drained };
}

type Arrival = {
  readonly key: string;
  readonly pan: string;
  readonly digest: string;
  readonly sealed: { readonly token: string; readonly cipher: string };
  readonly message: Decoded;
  readonly session: Session;
};

type Forwarding = { readonly to: string; readonly issuer: Session; readonly fields: MessageFields };

/** What is sent on, and where; a response code where the network refuses by itself. */
type Plan = Forwarding | { readonly to: string | undefined; readonly code: string };

async function pass(
  context: NetworkContext,
  arrival: Arrival,
  advised: () => void,
): Promise<Outcome> {
  let opened: Opened;
  try {
    opened = await open(context, arrival);
  } catch (error) {
    // Nothing was forwarded: to refuse is safe. Should the row be there after all, its lease ends.
    context.count("database-error");
    context.log.error(reasonOf(error), "a request could not be written down");
    return { code: "96" };
  }
  const { exchange, plan, isNew } = opened;
  if (!isNew) return repeated(context, arrival, advised);
  if (!("issuer" in plan)) return { code: plan.code };
  return forward(context, exchange, plan, advised);
}

type Opened = { readonly exchange: Exchange; readonly plan: Plan; readonly isNew: boolean };

/** Decides what to do with a request and writes that down; nothing leaves before. */
async function open(context: NetworkContext, arrival: Arrival): Promise<Opened> {
  const plan = await planOf(context, arrival);
  const now = context.clock.now();
  const { fields } = arrival.message;
  const exchange: Exchange = {
    key: arrival.key,
    digest: arrival.digest,
    from: arrival.session.member?.institution ?? "",
    to: plan.to,
    state: "issuer" in plan ? "forwarded" : "refused",
    responseCode: "issuer" in plan ? undefined : plan.code,
    rrn: fields["37"],
    panToken: arrival.sealed.token,
    panCipher: arrival.sealed.cipher,
    owner: context.owner,
    leaseUntil: now + context.settings.issuerMs + LEASE_MARGIN,
    request: withoutCard(keptFields(cups, arrival.message).fields),
    reply: undefined,
    receivedAt: now,
  };
  const isNew = await withClient(context.database, (sql) => openExchange(sql, exchange));
  return { exchange, plan, isNew };
}

/** The card number is kept as token and cipher beside the message, never in it. */
function withoutCard(fields: MessageFields): MessageFields {
  const { "2": _card, "128": _mac, ...rest } = fields;
  return rest;
}

async function planOf(context: NetworkContext, arrival: Arrival): Promise<Plan> {
  const { key, pan, message, session } = arrival;
  const read = async (sql: Sql) => ({
    to: await routeOf(sql, pan),
    reversed: await isReversed(sql, key),
  });
  const { to, reversed } = await withClient(context.database, read);
  if (reversed) return { to, code: "22" };
  if (to === undefined) return { to, code: "15" };
  const issuer = context.sessions.reachable(to);
  if (!issuer?.zpk) return { to, code: "91" };
  const { "128": _mac, "52": block, ...fields } = message.fields;
  if (block === undefined) return { to, issuer, fields };
  if (!session.zpk || !/^[0-9A-F]{16}$/.test(block)) return { to, code: "99" };
  const translated = await context.module.run({
    do: "translate-pin",
    from: session.zpk,
    to: issuer.zpk,
    block: fromHex(block),
    pan,
    fromFormat: 0,
    toFormat: 0,
  });
  if (!translated.ok) return { to, code: "99" };
  return { to, issuer, fields: { ...fields, "52": toHex(translated.block) } };
}

/** The same key came before: its outcome, once there is one; 94 where the content differs. */
async function repeated(
  context: NetworkContext,
  arrival: Arrival,
  advised: () => void,
): Promise<Outcome> {
  const known = await withClient(context.database, (sql) => findExchange(sql, arrival.key));
  if (!known) throw new Error("an exchange that exists could not be read");
  if (known.digest !== arrival.digest) return { code: "94" };
  context.count("repeated-request");
  if (known.state !== "forwarded") return { code: known.responseCode ?? "96", reply: known.reply };
  // Another process had it in flight and may be gone: its lease decides.
  const rest = known.leaseUntil - context.clock.now();
  if (rest > 0) await new Promise<void>((next) => context.clock.after(rest, next));
  return giveUp(context, known, advised);
}

async function forward(
  context: NetworkContext,
  exchange: Exchange,
  plan: Forwarding,
  advised: () => void,
): Promise<Outcome> {
  const { issuer, fields } = plan;
  const [zak] = issuer.zaks;
  if (!zak) throw new Error("a reachable member has no MAC key");
  const payload = await encodeWithMac(context.module, cups, { mti: "0200", fields }, zak);
  const waiting = issuer.replies.expect(`0210${exchange.key}`, context.settings.issuerMs);
  if (!issuer.connection.send(cupsFrame(NETWORK_INSTITUTION, plan.to, payload))) {
    return end(context, exchange, { code: "91" }, "refused");
  }
  const waited = await waiting;
  if (waited.kind !== "reply") {
    context.count(`issuer-${waited.kind}`);
    return giveUp(context, exchange, advised);
  }
  const { fields: reply } = waited.reply;
  // An issuer that cannot read our MAC has done nothing; the acquirer's MAC was right.
  const code = reply["128"] === undefined ? "96" : (reply["39"] ?? "96");
  const kept = answerToKeep(keptFields(cups, waited.reply).fields);
  return end(context, exchange, { code, reply: kept }, "answered");
}

/** Makes the outcome durable; where it was decided otherwise meanwhile, that outcome holds. */
async function end(
  context: NetworkContext,
  exchange: Exchange,
  outcome: Outcome,
  state: "answered" | "refused",
): Promise<Outcome> {
  return withClient(context.database, async (sql) => {
    const ended = await endExchange(sql, context.owner, {
      key: exchange.key,
      state,
      responseCode: outcome.code,
      reply: outcome.reply,
      at: context.clock.now(),
    });
    if (ended) return outcome;
    if (outcome.reply) await recordLate(sql, exchange.key, outcome.reply);
    return storedOutcome(sql, exchange.key);
  });
}

/** The outcome is unknown: 98 for the acquirer and a reversal for the issuer, in one commit. */
async function giveUp(
  context: NetworkContext,
  exchange: Exchange,
  advised: () => void,
): Promise<Outcome> {
  const outcome = await transaction(context.database, async (sql): Promise<Outcome> => {
    const ended = await abandon(sql, exchange, context.clock.now());
    return ended ? { code: "98" } : storedOutcome(sql, exchange.key);
  });
  advised();
  return outcome;
}

/** Ends an exchange without an answer and stores its reversal; false where it had ended. */
export async function abandon(sql: Sql, exchange: Exchange, now: number): Promise<boolean> {
  const ended = await endExchange(sql, exchange.owner, {
    key: exchange.key,
    state: "timed-out",
    responseCode: "98",
    reply: undefined,
    at: now,
  });
  if (!ended) return false;
  const trace = await nextTrace(sql);
  await storeAdvice(sql, reversalOf(exchange, NETWORK_INSTITUTION, trace, now));
  return true;
}

async function storedOutcome(sql: Sql, key: string): Promise<Outcome> {
  const known = await findExchange(sql, key);
  return { code: known?.responseCode ?? "96", reply: known?.reply };
}
