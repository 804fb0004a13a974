/** A request or an advice at the bank: examined, decided in one commit, answered. */
import { bucketOf, sqlState } from "@tillway/database";
import { checkMessage, cups, keptFields, type Decoded, type MessageFields } from "@tillway/iso8583";
import type { KeyBlock } from "@tillway/keys";
import { uuidv7 } from "@tillway/money";
import { transactionOf, type TransactionName } from "@tillway/transactions";
import { businessDigest } from "../wire/index.ts";
import { chipAnswer } from "./chip-answer.ts";
import type { BankContext } from "./context.ts";
import { decide } from "./decide.ts";
import { authorisationCode, examine, NO_CARD } from "./evidence.ts";
import type { Examined } from "./examined.ts";
import { answerFields, replyTo } from "./reply.ts";
import { parseRequest, type BankRequest } from "./request.ts";
import type { Names } from "./store.ts";

/** The type of a message; undefined where it is none of the catalogue's. */
function typeOf(message: Decoded): TransactionName | undefined {
  const check = checkMessage(cups, message);
  return check.outcome === "unknown" ? undefined : transactionOf(check.name ?? "");
}

/** The fields of the answer to a request or advice whose MAC is right. `zpk`: the link's PIN key. */
export async function authorise(
  context: BankContext,
  message: Decoded,
  zpk: KeyBlock,
): Promise<MessageFields> {
  const { fields } = message;
  const type = typeOf(message);
  if (!type) return replyTo(fields, answerFields({ code: "40" }));
  const parsed = parseRequest(type, fields);
  if (!parsed.ok) {
    context.log.warn({ problem: parsed.problem }, "a request could not be read");
    context.count("refused-format");
    return replyTo(fields, answerFields({ code: "30" }));
  }
  const { request } = parsed;
  const { examined, card } = await gather(context, message, request, zpk);
  const decided = await resolved(() =>
    context.store.run({
      bucket: examined.bucket,
      names: namesOf(examined),
      decide: (book) => decide(book, examined),
    }),
  );
  const code = decided.own["39"] ?? "";
  context.count(decided.repeated ? "repeated-request" : `answered-${code}`);
  const { scripts } = decided;
  const chip =
    card && (await chipAnswer(context, request, card, examined.evidence, { code, scripts }));
  return replyTo(fields, { ...decided.own, ...(chip && { "55": chip }) });
}

/** Everything that a decision needs to know beforehand. */
async function gather(context: BankContext, message: Decoded, request: BankRequest, zpk: KeyBlock) {
  const { module, keys, clock, calendar, random, policy } = context;
  const now = clock.now();
  const businessDate = await calendar.open(now);
  const own = await module.run({ do: "seal-pan", ...keys.pan, pan: request.pan });
  if (!own.ok) throw new Error(own.message);
  const { token, cipher } = own;
  const receiver = request.receiver === undefined ? undefined : await tokenOf(context, request);
  const card = await context.store.card(token);
  const sealed = { token, cipher, receiver };
  const { "2": _card, "103": _receiver, "128": _mac, ...kept } = keptFields(cups, message).fields;
  const bytes = random(34);
  const id = (at: number): string => uuidv7(now, bytes.subarray(at, at + 10));
  const examined: Examined = {
    request,
    kept,
    sealed,
    bucket: card?.accountBucket ?? bucketOf(token),
    evidence: card ? await examine(context, request, card, zpk) : NO_CARD,
    digest: businessDigest(sealed, message.fields),
    now,
    businessDate,
    month: calendar.month(now),
    policy,
    ids: { authorisation: id(0), journal: id(10), arrival: id(20) },
    authorisationCode: authorisationCode(bytes.subarray(30)),
  };
  return { examined, card };
}

async function tokenOf({ module, keys }: BankContext, { receiver = "" }: BankRequest) {
  const key = keys.pan.tokenKey;
  const answer = await module.run({ do: "generate-token", key, pan: receiver });
  if (!answer.ok) throw new Error(answer.message);
  return { token: answer.token };
}

function namesOf({ request, sealed, evidence }: Examined): Names {
  const { key, originalKey, chip, psn, type } = request;
  const offline = type === "offline chip sale" && chip && evidence.cryptogram === "valid";
  return {
    keys: originalKey === undefined ? [key] : [key, originalKey],
    cards: sealed.receiver ? [sealed.token, sealed.receiver.token] : [sealed.token],
    ...(offline && { offline: { card: sealed.token, psn, atc: chip.atc } }),
  };
}

/**
 * Runs a step that is known by its natural key. Where the connection was lost, whether it was
 * stored is unknown: it is run once more and then finds what it stored itself.
 */
async function resolved<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const state = sqlState(error);
    if (state !== undefined && !/^(08|57)/.test(state)) throw error;
    return step();
  }
}
