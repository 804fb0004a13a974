/** Scripts for a card's chip: what an administrator orders, what the chip made of it (0620). */
import { toHex } from "@tillway/bytes";
import { SCRIPT_COMMANDS, type Script } from "./authorisation.ts";
import { scriptIdentifier } from "./chip-answer.ts";
import type { Book } from "./book.ts";

/** One result: done or not, and the script's identifier in hex. */
export type ScriptResult = { readonly done: boolean; readonly identifier: string };

/** Tag DF31: five bytes a script, its first nibble 2 where it was carried out (Book 4 Annex A5). */
export function parseResults(bytes: Uint8Array): ScriptResult[] {
  const results: ScriptResult[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5) {
    const done = (bytes[at] ?? 0) >> 4 === 2;
    results.push({ done, identifier: toHex(bytes.subarray(at + 1, at + 5)) });
  }
  return results;
}

/** Notes the results on the scripts that the message's original sent; 25 where it is unknown. */
export function report(
  book: Book,
  originalKey: string,
  results: readonly ScriptResult[],
  now: number,
): "00" | "25" {
  const original = book.known(originalKey);
  if (original === undefined || original === "tombstone") return "25";
  for (const script of original.scripts) {
    const result = results.find(({ identifier }) => identifier === scriptIdentifier(script.id));
    if (result) book.reportScript(script.id, result.done ? "done" : "failed", now);
  }
  return "00";
}

/** An order out of JSON; undefined where it is none. PUT DATA names a tag and a value in hex. */
export function parseOrder(json: unknown): Omit<Script, "id"> | undefined {
  const given: Record<string, unknown> =
    typeof json === "object" && json !== null ? { ...json } : {};
  const { command: word, tag, value } = given;
  const command = SCRIPT_COMMANDS.find((known) => known === word);
  if (command === undefined) return undefined;
  if (command !== "put-data") {
    return tag === undefined && value === undefined ? { command, tag, value } : undefined;
  }
  const hex = (text: unknown, form: RegExp): text is string =>
    typeof text === "string" && form.test(text);
  if (!hex(tag, /^[0-9A-F]{4}$/) || !hex(value, /^([0-9A-F]{2}){1,32}$/)) return undefined;
  return { command, tag, value };
}
