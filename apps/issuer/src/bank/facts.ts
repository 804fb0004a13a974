/** What is known about a request when it is decided, out of the book and the evidence. */
import { catalogue, follows } from "@tillway/transactions";
import type { CardRecord } from "../cards/index.ts";
import type { Authorisation } from "./authorisation.ts";
import type { Book } from "./book.ts";
import { isNew, spends, type Examined } from "./examined.ts";
import type { Facts, OriginalFinding, ReceiverFinding } from "./precedence.ts";

/** The authorisation that a request follows, where the bank has it. */
export function originalOf(book: Book, { request }: Examined): Authorisation | undefined {
  if (catalogue[request.type].follows.length === 0) return undefined;
  const known = request.originalKey === undefined ? undefined : book.known(request.originalKey);
  return known === "tombstone" ? undefined : known;
}

export function factsOf(
  book: Book,
  examined: Examined,
  card: CardRecord | undefined,
  found: Partial<Facts> = {},
): Facts {
  const { request, evidence, policy } = examined;
  return {
    formatProblem: undefined,
    supported: true,
    otherContent: false,
    reversedBefore: false,
    card,
    original: originalFinding(book, examined),
    isNew: isNew(examined),
    spends: spends(examined),
    pinAsked: isNew(examined) && catalogue[request.type].pin,
    entry: request.entry,
    presentedExpiry: request.expiry,
    thisMonth: examined.month,
    businessDate: examined.businessDate,
    stripe: evidence.stripe,
    cryptogram: card && isReplayed(book, examined, card) ? "replayed" : evidence.cryptogram,
    pin: evidence.pin,
    currency: request.currency,
    amount: request.amount,
    hasAmount: catalogue[request.type].amount !== "none",
    receiver: receiverFinding(book, examined, card),
    periods: request.plan?.periods,
    policy,
    shortOfFunds: false,
    ...found,
  };
}

/** Online the card's counter must grow; offline approvals come in any order, each once. */
function isReplayed(book: Book, { request, evidence }: Examined, card: CardRecord): boolean {
  if (evidence.cryptogram !== "valid" || !request.chip) return false;
  const { atc } = request.chip;
  if (request.type !== "offline chip sale") return atc <= card.lastAtc;
  return book.isUsedOffline(card.token, card.psn, atc);
}

function originalFinding(book: Book, examined: Examined): OriginalFinding {
  const { request, sealed, policy } = examined;
  const type = catalogue[request.type];
  if (type.follows.length === 0) return "none";
  const original = originalOf(book, examined);
  if (!original) {
    if (book.known(request.originalKey ?? "") === "tombstone") return "spent";
    return request.type === "refund" && policy.unknownRefund ? "none" : "unknown";
  }
  if (original.card !== sealed.token) return "other-card";
  if (!follows(request.type, original.type)) return "other-type";
  if (!isOpen(examined, original)) return "spent";
  const { amount = 0n } = request;
  const { amount: had = 0n, asked = had } = original;
  switch (type.amount) {
    case "same":
      return amount === had ? "none" : "other-amount";
    case "part":
      return amount > had - original.refunded ? "more-than-remains" : "none";
    case "hold":
      return amount * 100n > had * policy.overHold ? "over-hold" : "none";
    case "tip":
      // A tip that was entered before is replaced; below the price it is no tip.
      return amount < (asked < had ? asked : had) ? "other-amount" : "none";
    case "free":
    case "none":
      return "none";
  }
}

/** Whether an authorisation can still be followed by this request. */
function isOpen({ request }: Examined, original: Authorisation): boolean {
  // What was promised is done even late: the cash of a deposit is in the drawer.
  if (catalogue[request.type].issuing === "keep" && original.state === "expired") return true;
  if (original.state !== "approved") return false;
  return request.type === "refund" || original.refunded === 0n;
}

function receiverFinding(
  book: Book,
  { request, sealed }: Examined,
  card: CardRecord | undefined,
): ReceiverFinding {
  if (request.type !== "transfer") return "none";
  const receiver = sealed.receiver && book.card(sealed.receiver.token);
  if (!receiver || receiver.status === "stolen") return "unknown";
  if (receiver.account === card?.account) return "same";
  return receiver.currency === card?.currency ? "none" : "other-currency";
}
