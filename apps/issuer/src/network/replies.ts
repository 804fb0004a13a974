/** What the network says to a member: fields of replies, built from the request and its outcome. */
import type { MessageFields } from "@tillway/iso8583";

/** How an exchange came out: the response code and what of the issuer's answer goes with it. */
export type Outcome = { readonly code: string; readonly reply?: MessageFields | undefined };

/** Fields of a request that its reply repeats (unionpay institution interface). */
const REPEATED = "2 3 4 7 11 12 13 18 25 32 33 37 41 42 49 60".split(" ");

/** Fields that come from the issuer's answer; of a partial approval its amount too. */
const FROM_ISSUER = ["4", "15", "38", "54", "55", "100"];

/** Fields that an advice's reply repeats. */
const REPEATED_ADVICE = [...REPEATED, "90"];

function pick(fields: MessageFields, numbers: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const number of numbers) {
    const value = fields[number];
    if (value !== undefined) picked[number] = value;
  }
  return picked;
}

/** The fields of a 0110 or 0210, without its MAC. */
export function requestReply(request: MessageFields, outcome: Outcome): MessageFields {
  return {
    ...pick(request, REPEATED),
    ...pick(outcome.reply ?? {}, FROM_ISSUER),
    "39": outcome.code,
  };
}

/** The fields of a 0230, 0430 or 0630, without its MAC. */
export function adviceReply(request: MessageFields, code: string): MessageFields {
  return { ...pick(request, REPEATED_ADVICE), "39": code };
}

/** The fields of an issuer's answer that are needed to say the same again. */
export function answerToKeep(reply: MessageFields): MessageFields {
  return pick(reply, [...FROM_ISSUER, "39"]);
}
