/** What an answer to a sale means, decided once and for all (decisions: replies without a MAC). */
import type { Message } from "@tillway/iso8583";
import type { HostAnswer } from "../host/index.ts";
import type { ReversalReason } from "../journal/index.ts";

/** The host's words in an answer. */
export type HostWords = {
  readonly responseCode: string;
  readonly rrn: string;
  readonly authorizationCode: string;
  /** hhmmss and MMDD as the host set them; empty where it did not. */
  readonly time: string;
  readonly date: string;
  /** DE 55, hex; empty where there is none. */
  readonly issuerData: string;
};

/**
 * `approved` and `declined` are certain. `refused`: said without a MAC, so that nobody may rely on
 * it: shown, and undone all the same. `unknown`: as if there had been no answer.
 */
export type Verdict =
  | { readonly kind: "approved"; readonly host: HostWords }
  | { readonly kind: "declined"; readonly host: HostWords }
  | { readonly kind: "refused"; readonly host: HostWords }
  | { readonly kind: "unknown"; readonly reason: ReversalReason }
  | { readonly kind: "unsent" };

/** Action class A of spec §2.8, without 10: a part of the amount is not what was asked for. */
const approvals: ReadonlySet<string> = new Set(["00", "11", "A2", "A4", "A5", "A6"]);

/** What a host may say before it can make a MAC. */
const plainRefusals: ReadonlySet<string> = new Set(["30", "77", "97", "99", "A0"]);

/** After these the device signs in again. */
const staleKeys: ReadonlySet<string> = new Set(["77", "99", "A0"]);

/** Whether a response code asks for a new sign-in. */
export function wantsSignIn(responseCode: string): boolean {
  return staleKeys.has(responseCode);
}

/** Whether a response code approves in full. */
export function approves(responseCode: string): boolean {
  return approvals.has(responseCode);
}

/** The words of an answer, parsed once. */
export function wordsOf(fields: Message["fields"]): HostWords {
  return {
    responseCode: fields["39"] ?? "",
    rrn: (fields["37"] ?? "").trim(),
    authorizationCode: (fields["38"] ?? "").trim(),
    time: fields["12"] ?? "",
    date: fields["13"] ?? "",
    issuerData: fields["55"] ?? "",
  };
}

/** What the answer to this sale means. */
export function verdictOf(answer: HostAnswer, request: Message): Verdict {
  if (answer.kind === "unsent") return { kind: "unsent" };
  if (answer.kind === "silent") return { kind: "unknown", reason: "98" };
  const host = wordsOf(answer.reply.fields);
  if (!answer.authentic) {
    return plainRefusals.has(host.responseCode)
      ? { kind: "refused", host }
      : { kind: "unknown", reason: "A0" };
  }
  if (host.responseCode === "") return { kind: "unknown", reason: "98" };
  // An approval of another amount, or of a part of ours, is undone: it was not asked for.
  const same = ["3", "4", "49"].every(
    (field) => (answer.reply.fields[field] ?? request.fields[field]) === request.fields[field],
  );
  if (host.responseCode === "10" || (approves(host.responseCode) && !same)) {
    return { kind: "unknown", reason: "98" };
  }
  return { kind: approves(host.responseCode) ? "approved" : "declined", host };
}

/** What an answer to a reversal means. */
export type Undone = "done" | "again" | "sign-in";

/** Codes that say "not now": the reversal is sent again. */
const notNow: ReadonlySet<string> = new Set(["", "90", "96", "98"]);

/**
 * Whether a reversal is over: only a decoded answer with a valid MAC ends it. 25 counts: the host
 * does not know the original and remembers that it must not accept it any more.
 */
export function undoneBy(answer: HostAnswer): Undone {
  if (answer.kind !== "answered") return "again";
  const code = answer.reply.fields["39"] ?? "";
  if (wantsSignIn(code)) return "sign-in";
  if (!answer.authentic || notNow.has(code)) return "again";
  return "done";
}
