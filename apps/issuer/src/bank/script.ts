/** What a card's chip made of the scripts that it was sent (0620, tag DF31). */
import { toHex } from "@tillway/bytes";
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
