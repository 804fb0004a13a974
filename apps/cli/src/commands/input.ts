import { readFileSync } from "node:fs";
import { CommandError } from "../output.ts";

/** What a command reads: its words, or standard input where there are none or a hyphen. */
export function inputText(words: readonly string[]): string {
  const [word] = words;
  return (word === undefined || word === "-" ? readFileSync(0, "utf8") : words.join(" ")).trim();
}

/** A file of vectors or transcripts: `{kind, vectors: […]}`. */
export type VectorFile = { readonly kind: string; readonly vectors: readonly unknown[] };

/** Reads such a file. Throws CommandError where it is none. */
export function readVectorFile(path: string): VectorFile {
  try {
    const { kind, vectors } = JSON.parse(readFileSync(path, "utf8")) as Partial<VectorFile>;
    if (typeof kind === "string" && Array.isArray(vectors)) return { kind, vectors };
  } catch {
    // said below
  }
  throw new CommandError(`${path} cannot be read as a file of {"kind", "vectors"}`);
}
