/** A sale at the bank: examined, decided and booked in one database transaction, then answered. */
import { bucketOf, sqlState, type Sql } from "@tillway/database";
import { cups, keptFields, type Decoded, type MessageFields } from "@tillway/iso8583";
import type { KeyBlock } from "@tillway/keys";
import { postJournals } from "@tillway/ledger";
import { uuidv7 } from "@tillway/money";
import { findCard, saveCounters, type CardRecord } from "../cards/index.ts";
import { transaction, withClient } from "../db/index.ts";
import { saleJournal } from "../ledger/index.ts";
import { businessDigest } from "../wire/index.ts";
import { addAuthorisation, addEvent, claimKey, findAuthorisation } from "./store.ts";
import type { BankContext } from "./context.ts";
import { countersAfter } from "./counters.ts";
import { authorisationCode, examine, issuerAuthentication, NO_CARD } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import { refusalOf, type Facts, type Refusal } from "./precedence.ts";
import { answerFields, saleReply } from "./reply.ts";
import { parseSale, type SaleRequest } from "./request.ts";

/** Only the sale so far; other processing codes are answered 40 (spec §2.3). */
const SALE = "000000";

type Sealed = { readonly token: string; readonly cipher: string };

/** Everything that was found out before the decision. */
type Examined = {
  readonly request: SaleRequest;
  readonly message: Decoded;
  readonly sealed: Sealed;
  /** As it was before the decision; read again under its lock. */
  readonly card: CardRecord | undefined;
  readonly evidence: Evidence;
  readonly digest: string;
  readonly now: number;
  readonly businessDate: string;
};

/** The fields of the 0210 to a 0200 whose MAC is right. `zpk` is the link's PIN key. */
export async function authorise(
  context: BankContext,
  message: Decoded,
  zpk: KeyBlock,
): Promise<MessageFields> {
  const { fields } = message;
  const parsed = parseSale(fields);
  if (!parsed.ok) {
    context.log.warn({ problem: parsed.problem }, "a request could not be read");
    context.count("refused-format");
    return saleReply(fields, answerFields({ code: "30" }));
  }
  const { request } = parsed;
  const now = context.clock.now();
  const businessDate = await context.calendar.open(now);
  const sealed = await context.module.run({
    do: "seal-pan",
    ...context.keys.pan,
    pan: request.pan,
  });
  if (!sealed.ok) throw new Error(sealed.message);
  const card = await withClient(context.database, (sql) => findCard(sql, sealed.token));
  const evidence = card ? await examine(context, request, card, zpk) : NO_CARD;
  const digest = businessDigest(sealed, fields);
  const examined = { request, message, sealed, card, evidence, digest, now, businessDate };
  const own = await resolved(() =>
    transaction(context.database, (sql) => decide(context, sql, examined)),
  );
  context.count(`answered-${own["39"] ?? "none"}`);
  return saleReply(fields, own);
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

async function decide(context: BankContext, sql: Sql, examined: Examined): Promise<MessageFields> {
  const { request, sealed, card, digest, now } = examined;
  const bucket = card?.accountBucket ?? bucketOf(sealed.token);
  const id = uuidv7(now, context.random(10));
  const known = await claimKey(sql, request.key, { digest, bucket, id }, now);
  if (known === "claimed") return decideNew(context, sql, examined, { bucket, id });
  if (known.kind === "authorisation" && known.digest === digest) {
    context.count("repeated-request");
    return (await findAuthorisation(sql, known)).reply;
  }
  const facts = factsOf(context, examined, card, {
    otherContent: known.kind === "authorisation",
    reversedBefore: known.kind === "tombstone",
  });
  return answerFields({ code: refusalOf(facts)?.code ?? "96" });
}

function factsOf(
  context: BankContext,
  { request, evidence, now, businessDate }: Examined,
  card: CardRecord | undefined,
  found: Partial<Facts> = {},
): Facts {
  const replayed =
    evidence.cryptogram === "valid" &&
    card !== undefined &&
    request.chip !== undefined &&
    request.chip.atc <= card.lastAtc;
  return {
    formatProblem: undefined,
    supported: request.processingCode === SALE,
    otherContent: false,
    reversedBefore: false,
    card,
    presentedExpiry: request.expiry,
    thisMonth: context.calendar.month(now),
    businessDate,
    cryptogram: replayed ? "replayed" : evidence.cryptogram,
    pin: evidence.pin,
    currency: request.currency,
    amount: request.amount,
    shortOfFunds: false,
    ...found,
  };
}

/** Decides a request that was not seen before; everything that it changes is in this transaction. */
async function decideNew(
  context: BankContext,
  sql: Sql,
  examined: Examined,
  place: { readonly bucket: number; readonly id: string },
): Promise<MessageFields> {
  const { request, sealed, evidence, businessDate } = examined;
  // Read again under the lock: another request of this card may have come first.
  const card = await findCard(sql, sealed.token, "lock");
  const facts = factsOf(context, examined, card);
  let refusal: Refusal | undefined = refusalOf(facts);
  if (card && !refusal && !(await debited(context, sql, examined, card, place.id))) {
    refusal = refusalOf({ ...facts, shortOfFunds: true });
  }
  const code = refusal?.code ?? "00";
  const own = answerFields({
    code,
    businessDate,
    authorisationCode: refusal ? undefined : authorisationCode(context.random(4)),
    chip: card && (await issuerAuthentication(context, request, card, evidence, code)),
  });
  if (card) {
    const counters = countersAfter(card, facts, request.chip?.atc, refusal);
    await saveCounters(sql, card.token, counters);
  }
  await record(sql, examined, place, { card, refusal, own });
  return own;
}

/** Debits the account; false where it would go below its floor. */
async function debited(
  context: BankContext,
  sql: Sql,
  { request, now, businessDate }: Examined,
  card: CardRecord,
  authorisation: string,
): Promise<boolean> {
  const journal = saleJournal({
    holder: { id: card.account, bucket: card.accountBucket, currency: card.currency },
    amount: request.amount ?? 0n,
    authorisation,
    occasion: { id: uuidv7(now, context.random(10)), businessDate, occurredAt: now },
  });
  const [result] = await postJournals(sql, "issuer", [journal]);
  if (result?.code === "posted") return true;
  if (result?.code === "floor") return false;
  throw new Error(`a sale could not be posted: ${result?.code ?? "no result"}`);
}

async function record(
  sql: Sql,
  examined: Examined,
  { bucket, id }: { readonly bucket: number; readonly id: string },
  decided: {
    readonly card: CardRecord | undefined;
    readonly refusal: Refusal | undefined;
    readonly own: MessageFields;
  },
): Promise<void> {
  const { request, message, sealed, now, businessDate } = examined;
  const { "2": _card, "128": _mac, ...kept } = keptFields(cups, message).fields;
  const { card, refusal, own } = decided;
  const state = refusal ? "declined" : "approved";
  await addAuthorisation(sql, {
    bucket,
    id,
    key: request.key,
    card: sealed.token,
    account: card?.account,
    state,
    responseCode: own["39"] ?? "",
    reason: refusal?.name,
    authorisationCode: own["38"],
    amount: request.amount,
    currency: request.currency,
    rrn: message.fields["37"],
    stan: message.fields["11"] ?? "",
    terminal: message.fields["41"],
    merchant: message.fields["42"],
    atc: request.chip?.atc,
    businessDate,
    panCipher: sealed.cipher,
    request: kept,
    reply: own,
    occurredAt: now,
  });
  await addEvent(sql, {
    bucket,
    type: `transaction-${state}`,
    payload: {
      authorisation: id,
      rrn: message.fields["37"] ?? null,
      amount: request.amount?.toString() ?? null,
      currency: request.currency,
      responseCode: own["39"] ?? null,
    },
    at: now,
  });
}
