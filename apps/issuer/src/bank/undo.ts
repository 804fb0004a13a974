/** What a reversal (0420) undoes of each type, in the book. */
import { catalogue } from "@tillway/transactions";
import { restoreHeld, setHold } from "./effects.ts";
import { give, take, type Posting } from "./money.ts";
import type { Authorisation } from "./authorisation.ts";
import type { Book } from "./book.ts";
import { countersAfterReversal } from "./counters.ts";

/** Done or nothing to undo, no such original, not to be undone any more, another amount. */
export type ReversalCode = "00" | "22" | "25" | "30" | "64";

export type Reversal = {
  readonly originalKey: string;
  /** The card of the reversal, as its token. */
  readonly card: string;
  readonly amount: bigint | undefined;
  readonly now: number;
  readonly businessDate: string;
  /** A UUIDv7 for its journal. */
  readonly journal: string;
};

/** Undoes a request once. Whoever takes its key first decides: one that comes later finds it taken. */
export function undo(book: Book, reversal: Reversal): ReversalCode {
  const one = book.known(reversal.originalKey);
  if (one === undefined) book.bury(reversal.originalKey);
  if (one === undefined || one === "tombstone") return "25";
  if (one.state === "declined" || one.state === "reversed") return "00";
  if (one.card !== reversal.card) return "22";
  // A reversal whose answer was lost knows only what was asked for.
  const named = reversal.amount;
  const without = catalogue[one.type].amount === "none";
  if (!without && named !== one.amount && named !== one.asked) return "64";
  if (one.state === "expired") return finish(book, one, reversal);
  if (one.state !== "approved" || isFollowed(one)) return "22";
  return undoType(book, one, reversal) ? finish(book, one, reversal) : "22";
}

/** Whether a refund or a tip came after it: then its outcome was known, and it is not reversed. */
function isFollowed(one: Authorisation): boolean {
  return one.refunded > 0n || (one.moved > 0n && one.amount !== one.moved);
}

/** False where a type is never reversed: it is repeated until it is answered. */
function undoType(book: Book, one: Authorisation, reversal: Reversal): boolean {
  const { issuing, undo: way } = catalogue[one.type];
  // A promise is freed; everything else that is repeated until it is answered stands.
  if (way === "repeat" && issuing !== "promise") return false;
  switch (issuing) {
    case "debit":
      if (one.type === "instalment sale") book.changePlan(one.id, one.bucket, "cancelled");
      giveBack(book, one, reversal);
      return true;
    case "hold":
    case "promise":
      setHold(book, one, "released");
      return true;
    case "release":
      reopen(book, one, "active");
      return true;
    case "capture":
      restoreHeld(book, one);
      giveBack(book, one, reversal);
      return true;
    case "undo":
    case "uncapture":
      takeAgain(book, one, reversal);
      return true;
    case "none":
      return true;
    case "credit":
    case "adjust":
    case "keep":
      return false;
  }
}

const postingOf = (one: Authorisation, reversal: Reversal): Posting => ({
  id: reversal.journal,
  businessDate: reversal.businessDate,
  occurredAt: reversal.now,
  what: "undo",
  authorisation: one.id,
  kind: `${one.type} reversal`,
  counter: "network",
});

function giveBack(book: Book, one: Authorisation, reversal: Reversal): void {
  const account = book.account(one.account ?? "");
  give(book, account, one.moved, one.overdraft, postingOf(one, reversal));
}

/** The void of a sale or of a completion is undone: the money goes out again, the original stands. */
function takeAgain(book: Book, one: Authorisation, reversal: Reversal): void {
  const original = one.original === undefined ? undefined : book.known(one.original);
  if (!original || original === "tombstone") return;
  const account = book.account(one.account ?? "");
  const first = original.original === undefined ? undefined : book.known(original.original);
  if (first && first !== "tombstone") {
    setHold(book, first, "captured");
    book.change({ ...first, state: "completed" });
  }
  // It may be spent since: what is not there is owed.
  const posting = { ...postingOf(one, reversal), forced: true };
  const taken = take(book, account, -one.moved, posting);
  const { overdraft = 0n } = taken ?? {};
  if (original.type === "instalment sale") book.changePlan(original.id, original.bucket, "active");
  book.change({ ...original, state: "approved", overdraft });
}

function reopen(book: Book, one: Authorisation, state: "active"): void {
  const original = one.original === undefined ? undefined : book.known(one.original);
  if (!original || original === "tombstone") return;
  setHold(book, original, state);
  book.change({ ...original, state: "approved" });
}

function finish(book: Book, one: Authorisation, { now }: Reversal): "00" {
  book.change({ ...one, state: "reversed" });
  const card = book.card(one.card);
  const { issuing } = catalogue[one.type];
  if (card && (issuing === "debit" || issuing === "hold" || one.type === "transfer")) {
    const given = countersAfterReversal(card, one.businessDate, one.amount ?? 0n);
    book.count(card.token, { ...card, ...given });
  }
  book.tell({
    bucket: one.bucket,
    type: "transaction-reversed",
    payload: {
      authorisation: one.id,
      rrn: one.rrn ?? null,
      amount: one.amount?.toString() ?? null,
      currency: one.currency,
    },
    at: now,
  });
  return "00";
}
