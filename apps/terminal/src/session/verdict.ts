/** What an answer to a sale means, decided once and for all (decisions: replies without a MAC). */
import type { Message } from "@tillway/iso8583";
import type { HostAnswer } from "../host/index.ts";
import type { ReversalReason, Settled } from "../journal/index.ts";

/** The host's words in an answer. */
export type HostWords = {
  readonly responseCode: string;
  readonly rrn: string;
  readonly authorizationCode: string;
  /** hhmmss and MMDD as the host set them; empty where it did not. */
  readonly time: string;
  readonly date: string;
  /** MMDD, DE 15. */
  readonly settlementDate: string;
  /** DE 32. */
  readonly acquirer: string;
  /** Minor units of DE 4; empty where there is none. */
  readonly amount: string;
  /** DE 54. */
  readonly additional: string;
  /** DE 55, hex; empty where there is none. */
  readonly issuerData: string;
};

/**
 * `approved` and `declined` are certain. `refused`: said without a MAC, or "not now", so that nobody
 * may rely on it: shown, and undone all the same. `unknown`: as if there had been no answer.
 */
export type Verdict =
  | { readonly kind: "approved"; readonly host: HostWords }
  | { readonly kind: "declined"; readonly host: HostWords }
  | { readonly kind: "refused"; readonly host: HostWords }
  | { readonly kind: "unknown"; readonly reason: ReversalReason }
  | { readonly kind: "unsent" };

/** Action class A of spec §2.8 but 10, which approves a part of the amount. */
const approvals: ReadonlySet<string> = new Set(["00", "11", "A2", "A4", "A5", "A6"]);

/** What a host may say before it can make a MAC. */
const plainRefusals: ReadonlySet<string> = new Set(["30", "77", "97", "99", "A0"]);

/** After these the device signs in again. */
const staleKeys: ReadonlySet<string> = new Set(["77", "99", "A0"]);

/** The host or somebody behind it could not decide: shown, and undone or repeated all the same. */
const later: ReadonlySet<string> = new Set(["90", "91", "92", "96", "98"]);

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
    settlementDate: fields["15"] ?? "",
    acquirer: fields["32"] ?? "",
    amount: fields["4"] === undefined ? "" : BigInt(fields["4"]).toString(),
    additional: fields["54"] ?? "",
    issuerData: fields["55"] ?? "",
  };
}

/** A certain outcome as the journal keeps it. */
export function settledBy(host: HostWords): Settled {
  const { responseCode, rrn, authorizationCode, date, settlementDate, amount } = host;
  const part = responseCode === "10";
  return {
    state: part || approves(responseCode) ? "approved" : "declined",
    responseCode,
    rrn: rrn === "" ? undefined : rrn,
    authorizationCode: authorizationCode === "" ? undefined : authorizationCode,
    hostDate: date,
    settlementDate,
    amount: part ? amount : undefined,
  };
}

/** What the answer to this request means. */
export function verdictOf(answer: HostAnswer, request: Message): Verdict {
  if (answer.kind === "unsent") return { kind: "unsent" };
  if (answer.kind === "silent") return { kind: "unknown", reason: "98" };
  const { fields } = answer.reply;
  const host = wordsOf(fields);
  if (!answer.authentic) {
    return plainRefusals.has(host.responseCode)
      ? { kind: "refused", host }
      : { kind: "unknown", reason: "A0" };
  }
  if (host.responseCode === "") return { kind: "unknown", reason: "98" };
  const part = host.responseCode === "10";
  // "Not now" is no decision: a copy of the request that is still on its way may be approved.
  if (later.has(host.responseCode)) return { kind: "refused", host };
  if (!part && !approves(host.responseCode)) return { kind: "declined", host };
  // An approval of another amount, or of a part where none was wanted, is undone.
  const asked = part ? ["3", "49"] : ["3", "4", "49"];
  const same = asked.every(
    (field) => (fields[field] ?? request.fields[field]) === request.fields[field],
  );
  if (!same || (part && !isPart(fields["4"], request))) return { kind: "unknown", reason: "98" };
  return { kind: "approved", host };
}

/** Whether a part was wanted (60.6) and this is one. */
function isPart(approved: string | undefined, request: Message): boolean {
  const { "4": asked, "60": type } = request.fields;
  if (approved === undefined || asked === undefined || type?.charAt(13) !== "1") return false;
  return BigInt(approved) > 0n && BigInt(approved) < BigInt(asked);
}

/** What an answer to something that is owed means. */
export type Heard = "done" | "again" | "sign-in";

/**
 * Whether a reversal, an advice or a notice is over: only a decoded answer with a valid MAC ends it.
 * For a reversal 25 counts: the host does not know the original and remembers that it must not
 * accept it any more.
 */
export function heardOf(answer: HostAnswer): Heard {
  if (answer.kind !== "answered") return "again";
  const code = answer.reply.fields["39"] ?? "";
  if (wantsSignIn(code)) return "sign-in";
  if (!answer.authentic || code === "" || later.has(code)) return "again";
  return "done";
}
