import { toHex } from "@tillway/bytes";
import type { Refused } from "../module/security-module.ts";

/** Throws where what a module answered is not what it must answer. */
export function same(actual: unknown, expected: unknown, about: string): void {
  const [is, must] = [readable(actual), readable(expected)];
  if (is !== must) throw new Error(`${about}: is ${is}, must be ${must}`);
}

/** The answer of a command that must be done. */
export function done<T extends { readonly ok: boolean }>(
  answer: T,
  about: string,
): Exclude<T, Refused> {
  if (!isDone(answer)) throw new Error(`${about}: ${readable(answer)}`);
  return answer;
}

/** Throws unless the command was refused for this reason, with a message. */
export function refusedAs(
  answer: { readonly ok: true } | Refused,
  reason: Refused["refused"],
  about: string,
): void {
  if (answer.ok) throw new Error(`${about}: done, must be refused as ${reason}`);
  if (answer.refused !== reason) {
    throw new Error(`${about}: refused as ${answer.refused}, must be ${reason}`);
  }
  if (answer.message === "") throw new Error(`${about}: refused without a message`);
}

function isDone<T extends { readonly ok: boolean }>(answer: T): answer is Exclude<T, Refused> {
  return answer.ok;
}

/** JSON with bytes as hex and properties in order of their names. */
function readable(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return toHex(part);
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(
      Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)),
    );
  });
}
