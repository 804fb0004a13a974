/** Cards that misbehave on purpose: what they answer instead, at which command. */
import { concat, fromHex } from "@tillway/bytes";
import { encodeResponse, parseResponse } from "../apdu.ts";
import * as check from "../kernel/check.ts";
import type { Problems } from "../kernel/check.ts";
import { encodeTlv, splitTlv, TlvError } from "../tlv.ts";
import type { Random } from "./image.ts";

/** "nothing": the card falls silent and stays so, as if torn out of its slot. */
const KINDS = ["nothing", "garbage", "wrong-length", "duplicate-tag"] as const;

export type CardFault = {
  /** Commands since the card was switched on, counted from 1. */
  readonly at: number;
  /** One of the kinds, or a status word of four hex digits in place of the answer. */
  readonly answer: string;
  /** Whether the command takes effect before the answer goes wrong. */
  readonly carriedOut: boolean;
};

export function faultsIn(value: unknown, problems: Problems): CardFault[] {
  return check.list(value, "faults", problems).map((item, index) => {
    const path = `faults[${index}]`;
    const entry = check.object(item, path, problems);
    const answers = new RegExp(`^(${KINDS.join("|")}|[0-9A-F]{4})$`);
    const allowed = `${KINDS.join(", ")} or four hex digits`;
    const done = check.optional(entry["carriedOut"], (given) =>
      check.flag(given, `${path}.carriedOut`, problems),
    );
    return {
      at: check.integer(entry["at"], 1, 1000, `${path}.at`, problems),
      answer: check.pattern(entry["answer"], answers, allowed, `${path}.answer`, problems),
      carriedOut: done ?? false,
    };
  });
}

const GARBAGE_LENGTH = 20;

/** What the card says in place of its right answer; no bytes at all where it fell silent. */
export function spoil(fault: CardFault, right: Uint8Array, random: Random): Uint8Array {
  switch (fault.answer) {
    case "nothing":
      return new Uint8Array(0);
    case "garbage":
      return random(GARBAGE_LENGTH);
    case "wrong-length":
      return right.length > 2 ? concat(right.slice(0, -3), right.slice(-2)) : right.slice(0, 1);
    case "duplicate-tag":
      return duplicated(right);
    default:
      return fromHex(fault.answer);
  }
}

/** The answer with the first data object of its template twice, or its whole data twice. */
function duplicated(right: Uint8Array): Uint8Array {
  const response = parseResponse(right);
  if (response === undefined) return right;
  const [template] = objectsIn(response.data);
  const [first] = objectsIn(template?.value ?? new Uint8Array(0));
  if (template === undefined || first === undefined) {
    return encodeResponse(response.sw, concat(response.data, response.data));
  }
  const content = concat(first.whole, template.value);
  return encodeResponse(response.sw, encodeTlv(template.tag, content));
}

function objectsIn(bytes: Uint8Array): ReturnType<typeof splitTlv> {
  try {
    return splitTlv(bytes);
  } catch (cause) {
    if (cause instanceof TlvError) return [];
    throw cause;
  }
}
