/** A terminal's batch: its totals, what is uploaded of it, and where the two sides differ. Pure. */
import { catalogue, type TransactionName } from "@tillway/transactions";

export type BatchKey = {
  readonly bucket: number;
  readonly merchant: string;
  readonly terminal: string;
  readonly batch: string;
};

/** Amounts in minor units. */
export type Totals = {
  readonly debitAmount: bigint;
  readonly debitCount: number;
  readonly creditAmount: bigint;
  readonly creditCount: number;
};
export const noTotals: Totals = {
  debitAmount: 0n,
  debitCount: 0,
  creditAmount: 0n,
  creditCount: 0,
};

/** DE 48 of a reply tells the result by one digit (spec unionpay-pos §2.5; 3 [U]). */
export const settlementResults = { balanced: 1, unbalanced: 2, refused: 3 } as const;
export type SettlementResult = (typeof settlementResults)[keyof typeof settlementResults];

/** `balanced` and `unbalanced` wait for the end of the batch; nothing is added to it any more. */
export const batchStates = ["open", "balanced", "unbalanced", "closed"] as const;
export type BatchState = (typeof batchStates)[number];

/** What stands of one type in a batch; `moved` is what it posts, of a tip adjustment the tip. */
export type Counted = {
  readonly name: TransactionName;
  readonly moved: bigint;
  readonly count: number;
};

/** The totals of what stands, by the side on which the catalogue counts each type. */
export function totalsOf(counted: readonly Counted[]): Totals {
  let totals = noTotals;
  for (const { name, moved, count } of counted) {
    const side = catalogue[name].total;
    if (side === "debit") {
      const debitAmount = totals.debitAmount + moved;
      totals = { ...totals, debitAmount, debitCount: totals.debitCount + count };
    }
    if (side === "credit") {
      const creditAmount = totals.creditAmount + moved;
      totals = { ...totals, creditAmount, creditCount: totals.creditCount + count };
    }
  }
  return totals;
}

export function sameTotals(left: Totals, right: Totals): boolean {
  return (
    left.debitAmount === right.debitAmount &&
    left.debitCount === right.debitCount &&
    left.creditAmount === right.creditAmount &&
    left.creditCount === right.creditCount
  );
}

const BLOCK = /^(\d{12})(\d{3})(\d{12})(\d{3})\d$/;

function blockOf(text: string): Totals | undefined {
  const found = BLOCK.exec(text);
  if (!found) return undefined;
  const [, debit = "", debits = "", credit = "", credits = ""] = found;
  return {
    debitAmount: BigInt(debit),
    debitCount: Number.parseInt(debits, 10),
    creditAmount: BigInt(credit),
    creditCount: Number.parseInt(credits, 10),
  };
}

/** DE 48 of a settlement: the domestic and the foreign block together; undefined where it is none. */
export function readTotals(text: string): Totals | undefined {
  const [domestic, foreign] = [blockOf(text.slice(0, 31)), blockOf(text.slice(31))];
  if (text.length !== 62 || !domestic || !foreign) return undefined;
  return {
    debitAmount: domestic.debitAmount + foreign.debitAmount,
    debitCount: domestic.debitCount + foreign.debitCount,
    creditAmount: domestic.creditAmount + foreign.creditAmount,
    creditCount: domestic.creditCount + foreign.creditCount,
  };
}

/** DE 48 of the reply: as it came, with the result in the last digit of both blocks. */
export function withResult(text: string, result: SettlementResult): string {
  return `${text.slice(0, 30)}${result}${text.slice(31, 61)}${result}`;
}

/** One record of an upload: the card masked, as it may rest. */
export type Uploaded = {
  readonly trace: string;
  readonly pan: string;
  readonly amount: bigint;
};

const RECORD = 40;

/** DE 48 of an upload: two digits of count, then records of card type, trace, card and amount. */
export function readUpload(text: string): readonly Uploaded[] | undefined {
  const count = Number.parseInt(text.slice(0, 2), 10);
  if (!/^\d+$/.test(text) || text.length !== 2 + count * RECORD) return undefined;
  return Array.from({ length: count }, (_, at) => {
    const record = text.slice(2 + at * RECORD, 2 + (at + 1) * RECORD);
    return {
      trace: record.slice(2, 8),
      pan: record.slice(8, 28).replace(/^0+/, ""),
      amount: BigInt(record.slice(28)),
    };
  });
}

/** One side's view of a transaction of a batch. */
export type BatchLine = {
  readonly trace: string;
  readonly maskedPan: string;
  readonly amount: bigint;
};

export type Difference = {
  readonly trace: string;
  readonly what: "only-terminal" | "only-acquirer" | "amount" | "card";
  readonly terminal: string | null;
  readonly acquirer: string | null;
};

/** Where the uploaded records and what stands here differ, by trace number. */
export function differencesOf(
  uploaded: readonly BatchLine[],
  own: readonly BatchLine[],
): Difference[] {
  const ours = new Map(own.map((line) => [line.trace, line]));
  const theirs = new Map(uploaded.map((line) => [line.trace, line]));
  const traces = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  return traces.flatMap((trace): Difference[] => {
    const [mine, told] = [ours.get(trace), theirs.get(trace)];
    if (!mine || !told) {
      const what = mine ? "only-acquirer" : "only-terminal";
      const [terminal, acquirer] = [told?.amount.toString(), mine?.amount.toString()];
      return [{ trace, what, terminal: terminal ?? null, acquirer: acquirer ?? null }];
    }
    if (mine.amount !== told.amount) {
      const [terminal, acquirer] = [told.amount.toString(), mine.amount.toString()];
      return [{ trace, what: "amount", terminal, acquirer }];
    }
    if (mine.maskedPan !== told.maskedPan) {
      return [{ trace, what: "card", terminal: told.maskedPan, acquirer: mine.maskedPan }];
    }
    return [];
  });
}

/** The number after the last is 1 again. */
export function nextBatch(batch: string): string {
  return String((Number.parseInt(batch, 10) % 999_999) + 1).padStart(6, "0");
}
