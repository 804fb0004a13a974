/** A request (0100, 0200) on its way through the network: written down, forwarded, answered, once. */
import { fromHex, toHex } from "@tillway/bytes";
import { checkMessage, cups, keptFields, responseMti } from "@tillway/iso8583";
import type { Decoded, MessageFields } from "@tillway/iso8583";
import { encodeWithMac } from "@tillway/link";
import {
  catalogue,
  networkCodes,
  transactionOf,
  type TransactionName,
} from "@tillway/transactions";
import { reasonOf } from "../log.ts";
import { businessDigest, cupsFrame, matchKey, NETWORK_INSTITUTION } from "../wire/index.ts";
import type { NetworkContext } from "./context.ts";
import { sealedCards, withoutCards, type SealedCards } from "./cards.ts";
import type { Exchange } from "./exchange.ts";
import { answerToKeep, type Outcome } from "./replies.ts";
import { reversalOf } from "./reversal.ts";
import type { Session } from "./session.ts";
import type { Opened } from "./store.ts";

/** A lease outlives the wait by this much (ms), for the commit that ends it. */
const LEASE_MARGIN = 5000;

export type Requests = {
  /** The outcome of a request whose MAC is right: new, repeated, or refused. */
  readonly request: (message: Decoded, session: Session) => Promise<Outcome>;
  /** An answer for which nobody waits any more: it is recorded, not sent. */
  readonly late: (message: Decoded) => Promise<void>;
  /** Resolves when nothing is in flight any more. */
  readonly drained: () => Promise<void>;
};

type Running = { readonly digest: string; readonly outcome: Promise<Outcome> };

/** `advised` is called when an advice was stored that should be delivered. */
export function createRequests(context: NetworkContext, advised: () => void): Requests {
  const running = new Map<string, Running>();

  const request = async (message: Decoded, session: Session): Promise<Outcome> => {
    const { fields } = message;
    const key = matchKey(fields);
    const pan = fields["2"];
    const check = checkMessage(cups, message);
    const type = "name" in check && check.name ? transactionOf(check.name) : undefined;
    if (check.outcome === "unknown") return { code: "40" };
    if (check.outcome !== "complete" || !type || key === undefined || pan === undefined) {
      context.log.warn({ check }, "a request was not complete");
      return { code: "30" };
    }
    if (fields["33"] !== session.member?.institution) return { code: "92" };
    const sealed = await sealedCards(context, pan, fields["103"]);
    if (!sealed) return { code: "30" };
    const digest = businessDigest(sealed, fields);
    const same = running.get(key);
    if (same) return same.digest === digest ? same.outcome : { code: "94" };
    const arrival: Arrival = { key, type, pan, digest, sealed, message, session };
    const outcome = pass(context, arrival, advised).finally(() => running.delete(key));
    running.set(key, { digest, outcome });
    return outcome;
  };

  const late = async (message: Decoded): Promise<void> => {
    const key = matchKey(message.fields);
    if (key === undefined) return;
    const kept = keptFields(cups, { ...message, fields: answerToKeep(message.fields) }).fields;
    const recorded = await context.store.late(key, kept);
    context.count(recorded ? "late-answer" : "unknown-answer");
  };

  const drained = async (): Promise<void> => {
    await Promise.allSettled([...running.values()].map(({ outcome }) => outcome));
  };
  return { request, late, drained };
}

type Arrival = {
  readonly key: string;
  readonly type: TransactionName;
  readonly pan: string;
  readonly digest: string;
  readonly sealed: SealedCards;
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
  const plan = await planOf(context, arrival);
  const exchange = exchangeOf(context, arrival, plan);
  let opened: Opened;
  try {
    opened = await context.store.open(exchange);
  } catch (error) {
    // Nothing was forwarded: to refuse is safe. Should the row be there after all, its lease ends.
    context.count("database-error");
    context.log.error(reasonOf(error), "a request could not be written down");
    return { code: "96" };
  }
  switch (opened.kind) {
    case "known":
      return repeated(context, { arrival, plan, exchange, known: opened.exchange }, advised);
    case "reversed":
      return { code: "22" };
    case "new":
      return "issuer" in plan ? forward(context, exchange, plan, advised) : { code: plan.code };
  }
}

/** What is written down before anything leaves. */
function exchangeOf(context: NetworkContext, arrival: Arrival, plan: Plan): Exchange {
  const now = context.clock.now();
  const { fields } = arrival.message;
  return {
    key: arrival.key,
    digest: arrival.digest,
    type: arrival.type,
    from: arrival.session.member?.institution ?? "",
    to: plan.to,
    state: "issuer" in plan ? "forwarded" : "refused",
    responseCode: "issuer" in plan ? undefined : plan.code,
    rrn: fields["37"],
    panToken: arrival.sealed.token,
    panCipher: arrival.sealed.cipher,
    owner: context.owner,
    leaseUntil: now + context.settings.issuerMs + LEASE_MARGIN,
    request: withoutCards(keptFields(cups, arrival.message).fields),
    reply: undefined,
    receivedAt: now,
  };
}

async function planOf(context: NetworkContext, arrival: Arrival): Promise<Plan> {
  const { pan, message, session } = arrival;
  const to = await context.store.issuerOf(pan);
  if (to === undefined) return { to, code: "15" };
  const receiver = message.fields["103"];
  if (receiver !== undefined) {
    const other = await context.store.issuerOf(receiver);
    // Between two banks the network would have to clear it; it carries it within one.
    if (other !== to) return { to, code: other === undefined ? "15" : "40" };
  }
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

type Repeat = {
  readonly arrival: Arrival;
  readonly plan: Plan;
  readonly exchange: Exchange;
  readonly known: Exchange;
};

/** The same key came before: its outcome, once there is one; 94 where the content differs. */
async function repeated(
  context: NetworkContext,
  { arrival, plan, exchange, known }: Repeat,
  advised: () => void,
): Promise<Outcome> {
  if (known.digest !== arrival.digest) return { code: "94" };
  context.count("repeated-request");
  if (known.state === "forwarded") {
    // Another process had it in flight and may be gone: its lease decides.
    const rest = known.leaseUntil - context.clock.now();
    if (rest > 0) await new Promise<void>((next) => context.clock.after(rest, next));
    return giveUp(context, known, advised);
  }
  // A promise is not reversed: the repeat of one without an answer asks the issuer again.
  const asksAgain = known.state === "timed-out" && catalogue[known.type].undo === "repeat";
  if (asksAgain && "issuer" in plan && (await context.store.reopen(exchange))) {
    return forward(context, exchange, plan, advised);
  }
  return { code: known.responseCode ?? "96", reply: known.reply };
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
  const { mti } = networkCodes(exchange.type);
  const payload = await encodeWithMac(context.module, cups, { mti, fields }, zak);
  const waiting = issuer.replies.expect(responseMti(mti) + exchange.key, context.settings.issuerMs);
  if (!issuer.connection.send(cupsFrame(NETWORK_INSTITUTION, plan.to, payload))) {
    return end(context, exchange, { code: "91" }, "refused");
  }
  const waited = await waiting;
  if (waited.kind !== "reply") {
    context.count(`issuer-${waited.kind}`);
    return giveUp(context, exchange, advised);
  }
  const { fields: reply } = waited.reply;
  if (reply["128"] === undefined) {
    // Whoever said it may not be the issuer, and the issuer may have done it: it is undone.
    context.count("issuer-unproved");
    return giveUp(context, exchange, advised);
  }
  const code = reply["39"] ?? "96";
  // Scripts in DE 55 may hold an enciphered PIN: they go on now and never again (keptFields).
  const kept = keptFields(cups, { ...waited.reply, fields: answerToKeep(reply) }).fields;
  return end(context, exchange, { code, reply, kept }, "answered");
}

/** Makes the outcome durable; where it was decided otherwise meanwhile, that outcome holds. */
async function end(
  context: NetworkContext,
  exchange: Exchange,
  { kept, ...outcome }: Outcome & { readonly kept?: MessageFields },
  state: "answered" | "refused",
): Promise<Outcome> {
  const ended = await context.store.end({
    key: exchange.key,
    owner: context.owner,
    state,
    responseCode: outcome.code,
    reply: kept,
    at: context.clock.now(),
  });
  if (ended) return outcome;
  if (kept) await context.store.late(exchange.key, kept);
  return storedOutcome(context, exchange.key);
}

/** The outcome is unknown: 98 for the acquirer and, where it has one, a reversal for the issuer. */
async function giveUp(
  context: NetworkContext,
  exchange: Exchange,
  advised: () => void,
): Promise<Outcome> {
  const ended = await abandon(context, exchange);
  advised();
  return ended ? { code: "98" } : storedOutcome(context, exchange.key);
}

/**
 * Ends an exchange without an answer and stores its reversal in the same commit; false where it had
 * ended. What moves nothing, or is only promised, has no reversal.
 */
export async function abandon(context: NetworkContext, exchange: Exchange): Promise<boolean> {
  const now = context.clock.now();
  const reversible = catalogue[exchange.type].undo === "reversal";
  const reversal = reversible
    ? reversalOf(exchange, NETWORK_INSTITUTION, await context.store.trace(), now)
    : undefined;
  const ending = {
    key: exchange.key,
    owner: exchange.owner,
    state: "timed-out",
    responseCode: "98",
    reply: undefined,
    at: now,
  } as const;
  return context.store.abandon(ending, reversal);
}

async function storedOutcome(context: NetworkContext, key: string): Promise<Outcome> {
  const known = await context.store.find(key);
  return { code: known?.responseCode ?? "96", reply: known?.reply };
}
