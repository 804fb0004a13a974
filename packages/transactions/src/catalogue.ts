/**
 * Every transaction type, as one table. The names are those of the message rules of
 * `@tillway/iso8583` (`checkMessage`), in both dialects.
 */

/** How a terminal's line tells a type: MTI, DE 3, DE 25, DE 60.1 (unionpay-pos §2.3). */
export type PosCodes = {
  readonly mti: "0100" | "0200" | "0220";
  readonly processing: string;
  readonly condition: string;
  readonly type: string;
};

/**
 * How the network tells it: MTI, DE 3, DE 25 and the reason code in DE 60. What follows an original
 * names it in DE 90.
 */
export type NetworkCodes = {
  readonly mti: "0100" | "0200" | "0220";
  readonly processing: string;
  readonly condition: string;
  readonly reason: string;
};

/**
 * What it does at the issuer. `debit`, `credit`: moves the amount. `hold`, `release`: sets it apart,
 * frees it. `capture`: debits and frees the original's hold; `uncapture`: the opposite of the
 * original's capture. `undo`: the opposite of the original's debit. `adjust`: debits the difference
 * to the original's amount. `promise`: checks that it can be done, its confirmation does it; `keep`
 * does what the original promised. `none`: moves nothing.
 */
export type Issuing =
  | "debit"
  | "credit"
  | "hold"
  | "release"
  | "capture"
  | "uncapture"
  | "undo"
  | "adjust"
  | "promise"
  | "keep"
  | "none";

/**
 * What it posts at the acquirer. `sale`: receivable, payable, fee. `void`: the opposite of the
 * original's posting. `refund`: the amount back, fee(original) − fee(what remains). `tip`: the
 * difference between the amounts, and between their fees. `cash-out`: the merchant paid cash, no
 * fee; `cash-in`: the merchant took cash. `none`: nothing.
 */
export type Posting = "sale" | "void" | "refund" | "tip" | "cash-out" | "cash-in" | "none";

/**
 * What becomes of one whose outcome is unknown. `reversal`: 0400, automatically. `repeat`: the same
 * message again until it is answered; it is an advice and must not be lost. `never`: nothing was
 * moved, the answer is not needed any more.
 */
export type Undo = "reversal" | "repeat" | "never";

export type TransactionType = {
  readonly text: { readonly en: string; readonly zh: string };
  readonly pos: PosCodes;
  /** Null where the acquirer answers by itself. */
  readonly network: NetworkCodes | null;
  /** Types that the original may have; empty where it stands by itself. */
  readonly follows: readonly string[];
  /**
   * How the amount relates to the original's: `free`, `same`, `part` (what remains at most),
   * `hold` (as the acquirer allows over the pre-authorised amount, 115 % by UnionPay's rule [U]),
   * `tip` (the original's and a tip), `none`.
   */
  readonly amount: "free" | "same" | "part" | "hold" | "tip" | "none";
  /** Whether the original must be of the terminal's open batch. */
  readonly openBatch: boolean;
  readonly issuing: Issuing;
  readonly posting: Posting;
  readonly undo: Undo;
  /** Whether the cardholder enters a PIN where the card asks for one. */
  readonly pin: boolean;
  /** Counts for the batch totals of DE 48 (unionpay-pos §2.5) on this side; null: not counted. */
  readonly total: "debit" | "credit" | null;
  /** What no public source settles, so that it is a setting. */
  readonly uncertain?: string;
};

const pos = (
  mti: PosCodes["mti"],
  processing: string,
  condition: string,
  type: string,
): PosCodes => ({ mti, processing, condition, type });

const network = (
  mti: NetworkCodes["mti"],
  processing: string,
  condition = "00",
  reason = "0000",
): NetworkCodes => ({ mti, processing, condition, reason });

const table = {
  sale: {
    text: { en: "Sale", zh: "消费" },
    pos: pos("0200", "000000", "00", "22"),
    network: network("0200", "000000"),
    follows: [],
    amount: "free",
    openBatch: false,
    issuing: "debit",
    posting: "sale",
    undo: "reversal",
    pin: true,
    total: "debit",
  },
  "sale void": {
    text: { en: "Void", zh: "消费撤销" },
    pos: pos("0200", "200000", "00", "23"),
    network: network("0200", "200000"),
    follows: ["sale"],
    amount: "same",
    openBatch: true,
    issuing: "undo",
    posting: "void",
    undo: "reversal",
    pin: true,
    total: "credit",
  },
  refund: {
    text: { en: "Refund", zh: "退货" },
    pos: pos("0220", "200000", "00", "25"),
    network: network("0220", "200000"),
    follows: ["sale", "completion", "completion advice", "instalment sale", "offline chip sale"],
    amount: "part",
    openBatch: false,
    issuing: "credit",
    posting: "refund",
    undo: "repeat",
    pin: false,
    total: "credit",
  },
  "pre-authorisation": {
    text: { en: "Pre-authorisation", zh: "预授权" },
    pos: pos("0100", "030000", "06", "10"),
    network: network("0100", "030000", "06"),
    follows: [],
    amount: "free",
    openBatch: false,
    issuing: "hold",
    posting: "none",
    undo: "reversal",
    pin: true,
    total: null,
  },
  "pre-authorisation void": {
    text: { en: "Pre-authorisation cancelled", zh: "预授权撤销" },
    pos: pos("0100", "200000", "06", "11"),
    network: network("0100", "200000", "06"),
    follows: ["pre-authorisation"],
    amount: "same",
    openBatch: false,
    issuing: "release",
    posting: "none",
    undo: "reversal",
    pin: true,
    total: null,
  },
  completion: {
    text: { en: "Completion", zh: "预授权完成请求" },
    pos: pos("0200", "000000", "06", "20"),
    network: network("0200", "000000", "06"),
    follows: ["pre-authorisation"],
    amount: "hold",
    openBatch: false,
    issuing: "capture",
    posting: "sale",
    undo: "reversal",
    pin: true,
    total: "debit",
  },
  "completion advice": {
    text: { en: "Completion (advice)", zh: "预授权完成通知" },
    pos: pos("0220", "000000", "06", "24"),
    network: network("0220", "000000", "06"),
    follows: ["pre-authorisation"],
    amount: "hold",
    openBatch: false,
    issuing: "capture",
    posting: "sale",
    undo: "repeat",
    pin: false,
    total: "debit",
  },
  "completion void": {
    text: { en: "Completion cancelled", zh: "预授权完成撤销" },
    pos: pos("0200", "200000", "06", "21"),
    network: network("0200", "200000", "06"),
    follows: ["completion"],
    amount: "same",
    openBatch: true,
    issuing: "uncapture",
    posting: "void",
    undo: "reversal",
    pin: true,
    total: "credit",
  },
  "balance inquiry": {
    text: { en: "Balance inquiry", zh: "余额查询" },
    pos: pos("0200", "310000", "00", "01"),
    network: network("0200", "310000"),
    follows: [],
    amount: "none",
    openBatch: false,
    issuing: "none",
    posting: "none",
    undo: "never",
    pin: true,
    total: null,
  },
  withdrawal: {
    text: { en: "Cash withdrawal", zh: "取现" },
    pos: pos("0200", "010000", "00", "22"),
    network: network("0200", "010000"),
    follows: [],
    amount: "free",
    openBatch: false,
    issuing: "debit",
    posting: "cash-out",
    undo: "reversal",
    pin: true,
    total: "debit",
    uncertain: "DE 3 and DE 60.1",
  },
  deposit: {
    text: { en: "Cash deposit", zh: "存款" },
    pos: pos("0200", "210000", "00", "22"),
    network: network("0200", "210000"),
    follows: [],
    amount: "free",
    openBatch: false,
    issuing: "promise",
    posting: "none",
    undo: "repeat",
    pin: false,
    total: null,
    uncertain: "DE 3 and DE 60.1",
  },
  "deposit confirmation": {
    text: { en: "Cash deposit confirmed", zh: "存款确认" },
    pos: pos("0220", "210000", "00", "22"),
    network: network("0220", "210000"),
    follows: ["deposit"],
    amount: "same",
    openBatch: false,
    issuing: "keep",
    posting: "cash-in",
    undo: "repeat",
    pin: false,
    total: "credit",
    uncertain: "DE 3 and DE 60.1",
  },
  transfer: {
    text: { en: "Transfer", zh: "转账" },
    pos: pos("0200", "400000", "00", "22"),
    network: network("0200", "400000"),
    follows: [],
    amount: "free",
    openBatch: false,
    issuing: "promise",
    posting: "none",
    undo: "repeat",
    pin: true,
    total: null,
    uncertain: "DE 3, DE 60.1 and that DE 62 names the card it goes to",
  },
  "transfer confirmation": {
    text: { en: "Transfer confirmed", zh: "转账确认" },
    pos: pos("0220", "400000", "00", "22"),
    network: network("0220", "400000"),
    follows: ["transfer"],
    amount: "same",
    openBatch: false,
    issuing: "keep",
    posting: "none",
    undo: "repeat",
    pin: false,
    total: null,
    uncertain: "DE 3 and DE 60.1",
  },
  "tip adjustment": {
    text: { en: "Tip", zh: "小费调整" },
    pos: pos("0220", "000000", "00", "34"),
    network: network("0220", "000000", "00", "0034"),
    follows: ["sale"],
    amount: "tip",
    openBatch: true,
    issuing: "adjust",
    posting: "tip",
    undo: "repeat",
    pin: false,
    total: "debit",
    uncertain: "that DE 4 is the amount with the tip; DE 48 is the tip",
  },
  "instalment sale": {
    text: { en: "Instalment sale", zh: "分期消费" },
    pos: pos("0200", "000000", "64", "22"),
    network: network("0200", "000000", "64"),
    follows: [],
    amount: "free",
    openBatch: false,
    issuing: "debit",
    posting: "sale",
    undo: "reversal",
    pin: true,
    total: "debit",
    uncertain: "the parts of the plan in DE 62",
  },
  "instalment void": {
    text: { en: "Instalment void", zh: "分期消费撤销" },
    pos: pos("0200", "200000", "64", "23"),
    network: network("0200", "200000", "64"),
    follows: ["instalment sale"],
    amount: "same",
    openBatch: true,
    issuing: "undo",
    posting: "void",
    undo: "reversal",
    pin: true,
    total: "credit",
  },
  "offline chip sale": {
    text: { en: "Offline sale", zh: "脱机消费" },
    pos: pos("0200", "000000", "00", "36"),
    network: network("0220", "000000", "00", "0036"),
    follows: [],
    amount: "free",
    openBatch: false,
    issuing: "debit",
    posting: "sale",
    undo: "repeat",
    pin: false,
    total: "debit",
  },
} as const satisfies Readonly<Record<string, TransactionType>>;

export type TransactionName = keyof typeof table;

export const catalogue: Readonly<Record<TransactionName, TransactionType>> = table;

const isName = (text: string): text is TransactionName => Object.hasOwn(catalogue, text);

/** The names in the order of the catalogue. */
export const transactionNames: readonly TransactionName[] = Object.keys(catalogue).filter(isName);

/** The name of a message rule as a transaction type; undefined where it is none ("sign-in"). */
export function transactionOf(rule: string): TransactionName | undefined {
  return isName(rule) ? rule : undefined;
}

/** How the network tells a type that goes over it. Throws where the acquirer answers it by itself. */
export function networkCodes(name: TransactionName): NetworkCodes {
  const { network: codes } = catalogue[name];
  if (codes === null) throw new RangeError(`${name} does not go over the network`);
  return codes;
}

/** Whether a transaction of the one type may name one of the other as its original. */
export function follows(name: TransactionName, original: TransactionName): boolean {
  return catalogue[name].follows.includes(original);
}
