/** The decision on a request: what is known, the first refusal that applies, else what it does. */
import { catalogue } from "@tillway/transactions";
import type { MessageFields } from "@tillway/iso8583";
import type { CardRecord } from "../cards/index.ts";
import { balanceAmounts, askedAmount } from "./amounts.ts";
import type { Authorisation, Script } from "./authorisation.ts";
import type { Book } from "./book.ts";
import { countersAfter } from "./counters.ts";
import { carryOut, type Effect } from "./effects.ts";
import type { Examined } from "./examined.ts";
import { factsOf, originalOf } from "./facts.ts";
import { refusalOf, type Facts, type Refusal } from "./precedence.ts";
import { answerFields } from "./reply.ts";

/** The bank's own fields of the answer, and what the answer tells the chip. */
export type Decided = {
  readonly own: MessageFields;
  readonly scripts: readonly Script[];
  readonly repeated: boolean;
};

/** Decides a request; one that is known gets what it got before. All changes are in the book. */
export function decide(book: Book, examined: Examined): Decided {
  const { request, sealed, digest } = examined;
  const known = book.known(request.key);
  if (known !== undefined && known !== "tombstone" && known.digest === digest) {
    return { own: known.reply, scripts: known.scripts, repeated: true };
  }
  const card = book.card(sealed.token);
  if (known !== undefined) {
    const found =
      known === "tombstone" ? { reversedBefore: true as const } : { otherContent: true as const };
    const refusal = refusalOf(factsOf(book, examined, card, found));
    return { own: answerFields({ code: refusal?.code ?? "96" }), scripts: [], repeated: false };
  }
  return decideNew(book, examined, card);
}

function decideNew(book: Book, examined: Examined, card: CardRecord | undefined): Decided {
  const facts = factsOf(book, examined, card);
  let refusal: Refusal | undefined = refusalOf(facts);
  let effect: Effect | undefined;
  if (card && !refusal) {
    effect = carryOut(book, examined, card);
    if (!effect) refusal = refusalOf({ ...facts, shortOfFunds: true });
  }
  if (card) countCard(book, examined, card, facts, { refusal, effect });
  const own = answerFields({
    code: refusal?.code ?? (isPartial(examined, effect) ? "10" : "00"),
    businessDate: examined.businessDate,
    authorisationCode: refusal ? undefined : examined.authorisationCode,
    ...(card && !refusal && amountsOf(book, examined, card, effect)),
  });
  const scripts =
    card && examined.evidence.cryptogram === "valid" && facts.isNew
      ? book.takeScripts(card.token, examined.ids.authorisation)
      : [];
  record(book, examined, { card, refusal, effect, own, scripts });
  return { own, scripts, repeated: false };
}

const isPartial = ({ request }: Examined, effect: Effect | undefined): boolean =>
  effect?.amount !== undefined && effect.amount < (request.amount ?? 0n);

/** DE 4 and DE 54: of a partial approval what was asked, of an inquiry the balance. */
function amountsOf(
  book: Book,
  examined: Examined,
  card: CardRecord,
  effect: Effect | undefined,
): { readonly amount?: bigint; readonly additional?: string } {
  const { request } = examined;
  if (request.type === "balance inquiry") {
    return { additional: balanceAmounts(book.account(card.account)) };
  }
  if (effect?.amount === undefined || !isPartial(examined, effect)) return {};
  return { amount: effect.amount, additional: askedAmount(request.amount ?? 0n, card.currency) };
}

function countCard(
  book: Book,
  { request }: Examined,
  card: CardRecord,
  facts: Facts,
  decided: { readonly refusal: Refusal | undefined; readonly effect: Effect | undefined },
): void {
  const spending = decided.effect?.amount ?? request.amount ?? 0n;
  const counters = countersAfter(card, facts, request.chip?.atc, decided.refusal, spending);
  book.count(card.token, counters);
}

type Outcome = {
  readonly card: CardRecord | undefined;
  readonly refusal: Refusal | undefined;
  readonly effect: Effect | undefined;
  readonly own: MessageFields;
  readonly scripts: readonly Script[];
};

/** Writes the decision down, with its event. */
function record(book: Book, examined: Examined, outcome: Outcome): void {
  const { request, sealed, kept, ids, now, businessDate, bucket } = examined;
  const { card, refusal, effect, own, scripts } = outcome;
  const amount = effect ? (effect.amount ?? request.amount) : request.amount;
  const one: Authorisation = {
    bucket,
    id: ids.authorisation,
    key: request.key,
    type: request.type,
    digest: examined.digest,
    original: request.originalKey,
    originalId: originalOf(book, examined)?.id,
    card: sealed.token,
    account: card?.account,
    state: refusal ? "declined" : "approved",
    responseCode: own["39"] ?? "",
    reason: refusal?.name,
    authorisationCode: own["38"],
    amount,
    asked: request.amount,
    moved: effect?.moved ?? 0n,
    overdraft: effect?.overdraft ?? 0n,
    refunded: 0n,
    receiver: effect?.receiver,
    currency: request.currency,
    rrn: kept["37"],
    stan: kept["11"] ?? "",
    terminal: kept["41"],
    merchant: kept["42"],
    psn: request.psn,
    atc: request.chip?.atc,
    businessDate,
    panCipher: sealed.cipher,
    request: kept,
    reply: own,
    scripts,
    occurredAt: now,
    expiresAt: effect?.expiresAt,
  };
  book.add(one);
  book.tell({ bucket, type: eventOf(book, examined, one), payload: payloadOf(one), at: now });
}

function eventOf(book: Book, examined: Examined, one: Authorisation) {
  if (one.state === "declined") return "transaction-declined";
  const { issuing } = catalogue[one.type];
  const undoes = issuing === "undo" || issuing === "uncapture" || issuing === "release";
  if (undoes && originalOf(book, examined)) return "transaction-voided";
  return issuing === "credit" ? "transaction-refunded" : "transaction-approved";
}

const payloadOf = (one: Authorisation): object => ({
  authorisation: one.id,
  type: one.type,
  rrn: one.rrn ?? null,
  amount: one.amount?.toString() ?? null,
  currency: one.currency,
  responseCode: one.responseCode,
});
