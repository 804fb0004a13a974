/** What an approved request does at the bank, by the catalogue's `issuing`. */
import { catalogue } from "@tillway/transactions";
import type { CardRecord } from "../cards/index.ts";
import type { Posting } from "./money.ts";
import { arrive, give, take } from "./money.ts";
import { available, type AccountPlace, type Authorisation } from "./authorisation.ts";
import type { Book } from "./book.ts";
import type { Examined } from "./examined.ts";
import { originalOf } from "./facts.ts";
import { schedule } from "./instalment.ts";

/** What came of it: the approved amount and what moved; undefined where the money is short. */
export type Effect = {
  readonly amount: bigint | undefined;
  readonly moved: bigint;
  readonly overdraft: bigint;
  readonly receiver?: AccountPlace;
  readonly expiresAt?: number;
};

type Case = {
  readonly book: Book;
  readonly examined: Examined;
  readonly card: CardRecord;
  readonly amount: bigint;
  readonly original: Authorisation | undefined;
  readonly posting: Posting;
};

const still = (amount: bigint | undefined): Effect => ({ amount, moved: 0n, overdraft: 0n });

/** Carries a request out in the book; nothing is changed where it returns undefined. */
export function carryOut(book: Book, examined: Examined, card: CardRecord): Effect | undefined {
  const { request, ids, businessDate, now } = examined;
  const type = catalogue[request.type];
  const posting: Posting = {
    id: ids.journal,
    businessDate,
    occurredAt: now,
    what: "move",
    authorisation: ids.authorisation,
    kind: request.type,
    counter: "network",
  };
  const original = originalOf(book, examined);
  const one = { book, examined, card, amount: request.amount ?? 0n, original, posting };
  switch (type.issuing) {
    case "debit":
      return debited(one);
    case "hold":
      return partly(one, (amount) => held(one, amount, examined.policy.holdMs));
    case "promise":
      return promised(one);
    case "credit":
      return credited(one);
    case "release":
      return released(one);
    case "capture":
      return captured(one);
    case "uncapture":
    case "undo":
      return undone(one);
    case "adjust":
      return adjusted(one);
    case "keep":
      return kept(one);
    case "none":
      return still(undefined);
  }
}

const accountOf = ({ book, card }: Case) => book.account(card.account);

/** The amount, or what there is of it where the request and the card's product take that. */
function partly(one: Case, run: (amount: bigint) => Effect | undefined): Effect | undefined {
  const whole = run(one.amount);
  if (whole || !one.examined.request.wantsPartial || !one.card.partial) return whole;
  const rest = available(accountOf(one));
  return rest > 0n ? run(rest) : undefined;
}

/** A sale or withdrawal; what the chip approved without us is taken past the balance. */
function debited(one: Case): Effect | undefined {
  const { book, examined, card, posting } = one;
  const forced = examined.request.type === "offline chip sale";
  const debit = (amount: bigint): Effect | undefined => {
    const taken = take(book, accountOf(one), amount, { ...posting, forced });
    return taken && { amount, ...taken };
  };
  const { plan } = examined.request;
  if (!plan) return partly(one, debit);
  // A plan is of the whole price.
  const effect = debit(one.amount);
  if (effect) {
    book.addPlan({
      bucket: card.accountBucket,
      id: posting.authorisation,
      account: card.account,
      code: plan.code,
      feePayer: plan.feePayer,
      amount: one.amount,
      state: "active",
      instalments: schedule(one.amount, plan.periods, examined.businessDate),
    });
  }
  return effect;
}

function held({ book, examined, card, posting }: Case, amount: bigint, ms: number) {
  const account = book.account(card.account);
  if (available(account) < amount) return undefined;
  const expiresAt = examined.now + ms;
  const { bucket, id: owner } = account;
  const id = posting.authorisation;
  book.keepHold({ bucket, id, account: owner, amount, state: "active", expiresAt });
  return { ...still(amount), expiresAt };
}

/** A deposit sets nothing apart; a transfer its amount, until it is confirmed. */
function promised(one: Case): Effect | undefined {
  const { book, examined, amount } = one;
  const { policy, now, sealed } = examined;
  const expiresAt = now + policy.promiseMs;
  if (examined.request.type === "deposit") return { ...still(amount), expiresAt };
  const other = sealed.receiver && book.card(sealed.receiver.token);
  const effect = held(one, amount, policy.promiseMs);
  if (!other || !effect) return undefined;
  return { ...effect, receiver: { id: other.account, bucket: other.accountBucket } };
}

function credited(one: Case): Effect {
  const { book, amount, original, posting } = one;
  if (original) book.change({ ...original, refunded: original.refunded + amount });
  return { amount, ...give(book, accountOf(one), amount, 0n, posting) };
}

function released({ book, original, amount }: Case): Effect {
  if (original) {
    setHold(book, original, "released");
    book.change({ ...original, state: "voided" });
  }
  return still(amount);
}

/** What was set apart is taken whatever the balance; what goes beyond it must be there. */
function captured(one: Case): Effect | undefined {
  const { book, examined, amount, original, posting } = one;
  const base = original?.amount ?? 0n;
  const advised = examined.request.type === "completion advice";
  if (!advised && amount > base && available(accountOf(one)) < amount - base) return undefined;
  if (original) {
    setHold(book, original, "captured");
    book.change({ ...original, state: "completed" });
  }
  const taken = take(book, accountOf(one), amount, { ...posting, forced: true });
  return taken && { amount, ...taken };
}

/** The opposite of the original, tips included; of a completion its hold stands again. */
function undone(one: Case): Effect {
  const { book, amount, original, posting } = one;
  if (!original) return still(amount);
  book.change({ ...original, state: "voided" });
  if (original.type === "instalment sale") {
    book.changePlan(original.id, original.bucket, "cancelled");
  }
  restoreHeld(book, original);
  const total = original.amount ?? 0n;
  return { amount, ...give(book, accountOf(one), total, original.overdraft, posting) };
}

/** The hold that a completion took, and its pre-authorisation, as they were before. */
export function restoreHeld(book: Book, completion: Authorisation): void {
  if (catalogue[completion.type].issuing !== "capture") return;
  const first = completion.original === undefined ? undefined : book.known(completion.original);
  if (!first || first === "tombstone") return;
  setHold(book, first, "active");
  book.change({ ...first, state: "approved" });
}

/** The difference to what was paid before; the merchant has the slip, so it is not refused. */
function adjusted(one: Case): Effect | undefined {
  const { book, amount, original, posting } = one;
  if (!original) return undefined;
  const difference = amount - (original.amount ?? 0n);
  const owed = -difference < original.overdraft ? -difference : original.overdraft;
  const effect =
    difference >= 0n
      ? take(book, accountOf(one), difference, { ...posting, forced: true })
      : give(book, accountOf(one), -difference, owed, posting);
  if (!effect) return undefined;
  // What the original itself moved stays; its amount is what a void or a refund gives back.
  const overdraft = original.overdraft + effect.overdraft;
  book.change({ ...original, amount, overdraft });
  return { amount, ...effect };
}

/** Does what the original promised. */
function kept(one: Case): Effect | undefined {
  const { book, examined, amount, original, posting } = one;
  if (!original) return undefined;
  if (original.type === "deposit") {
    book.change({ ...original, state: "kept" });
    return { amount, ...give(book, accountOf(one), amount, 0n, posting) };
  }
  const { receiver } = original;
  const ended = original.state === "expired";
  if (!receiver || (ended && available(accountOf(one)) < amount)) return undefined;
  setHold(book, original, "captured");
  book.change({ ...original, state: "kept" });
  const transfer = { ...posting, counter: "transfer" } as const;
  const taken = take(book, accountOf(one), amount, { ...transfer, forced: true });
  arrive(book, receiver, accountOf(one), amount, { ...transfer, id: examined.ids.arrival });
  return taken && { amount, ...taken, receiver };
}

/** Changes the hold of an authorisation; one that ended is left as it is. */
export function setHold(
  book: Book,
  { id }: Authorisation,
  state: "active" | "captured" | "released",
): void {
  const hold = book.hold(id);
  if (hold && hold.state !== "expired") book.keepHold({ ...hold, state });
}
