/** What the bank answers: fields of its replies, without their MAC. */
import type { MessageFields } from "@tillway/iso8583";
import { BANK_INSTITUTION } from "./context.ts";

const REPEATED = "2 3 4 7 11 12 13 18 25 32 33 37 41 42 49 60".split(" ");

function repeated(request: MessageFields, numbers: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const number of numbers) {
    const value = request[number];
    if (value !== undefined) picked[number] = value;
  }
  return picked;
}

/** What of an answer is the bank's own and kept for repeats. */
export type BankAnswer = {
  readonly code: string;
  /** "YYYY-MM-DD"; DE 15 holds its month and day. */
  readonly businessDate?: string;
  readonly authorisationCode?: string | undefined;
  /** What was approved, where it is not all that was asked for. */
  readonly amount?: bigint;
  /** DE 54. */
  readonly additional?: string;
};

/** The bank's own fields of an answer. */
export function answerFields(answer: BankAnswer): MessageFields {
  return {
    "39": answer.code,
    "100": BANK_INSTITUTION,
    ...(answer.businessDate && { "15": answer.businessDate.replaceAll("-", "").slice(4) }),
    ...(answer.authorisationCode && { "38": answer.authorisationCode }),
    ...(answer.additional && { "54": answer.additional }),
    ...(answer.amount !== undefined && { "4": answer.amount.toString().padStart(12, "0") }),
  };
}

/** A reply to a request or an advice: what that said, and the bank's own fields. */
export function replyTo(request: MessageFields, own: MessageFields): MessageFields {
  return { ...repeated(request, REPEATED), ...own };
}

/** A reply to a message about another one (0430, 0630). */
export function noticeReply(request: MessageFields, code: string): MessageFields {
  return { ...repeated(request, [...REPEATED, "90"]), "39": code, "100": BANK_INSTITUTION };
}
