/** Messages without money, and what comes of them (spec unionpay-pos §2.3 to §2.5). */
import { fromAscii, toHex } from "@tillway/bytes";
import type { Message, MessageFields } from "@tillway/iso8583";
import type { HostAnswer } from "../host/index.ts";
import type { Journal } from "../journal/index.ts";
import { approves } from "./verdict.ts";

/** What came of a management message; `approved` means done. */
export type Management = {
  readonly outcome: "approved" | "declined" | "timed-out" | "refused";
  readonly responseCode: string;
  readonly batch: string;
  readonly elapsedMs: number;
};

/** How a batch close, a download or an upload speaks to the host. */
export type Conversation = {
  readonly journal: Journal;
  readonly exchange: (request: Message) => Promise<HostAnswer>;
};

/** Operator code of DE 63; the till has one operator. */
export const operator = "01 ";

/** Fields of every management message; `code` is 60.3. */
export function common(journal: Journal, code: string, batch = journal.batch()): MessageFields {
  const { tid, mid } = journal.identity();
  return { "41": tid, "42": mid, "60": `00${batch}${code}` };
}

export function signInRequest(journal: Journal): Message {
  const serial = journal.identity().serial.slice(-8).padStart(8, "0");
  return {
    mti: "0800",
    fields: {
      ...common(journal, "004"),
      "11": journal.nextStan(),
      "62": toHex(fromAscii(`Sequence No12TW01${serial}`)),
      "63": operator,
    },
  };
}

export function signOffRequest(journal: Journal): Message {
  return { mti: "0820", fields: { ...common(journal, "002"), "11": journal.nextStan() } };
}

/** What an answer to a management message means. */
export function managed(
  answer: HostAnswer,
  rest: Pick<Management, "batch" | "elapsedMs">,
): Management {
  if (answer.kind === "unsent") return { outcome: "refused", responseCode: "", ...rest };
  if (answer.kind === "silent") return { outcome: "timed-out", responseCode: "", ...rest };
  const responseCode = answer.reply.fields["39"] ?? "";
  return { outcome: approves(responseCode) ? "approved" : "declined", responseCode, ...rest };
}
