import { readFileSync } from "node:fs";
import { runVectors } from "@tillway/keys";
import { CommandError } from "../output.ts";
import type { Command } from "./command.ts";

type VectorFile = { readonly kind: string; readonly vectors: unknown };

function read(path: string): VectorFile {
  try {
    const { kind, vectors: rows } = JSON.parse(readFileSync(path, "utf8")) as Partial<VectorFile>;
    if (typeof kind === "string" && Array.isArray(rows)) return { kind, vectors: rows };
  } catch {
    // said below
  }
  throw new CommandError(`${path} cannot be read as a file of test vectors`);
}

export const vectors: Command = {
  words: "vectors FILE.json…",
  meaning: "run published test vectors through the product's own code",
  flags: {},
  run: async (given) => {
    if (given.rest.length === 0) throw new CommandError("name one or more files of test vectors");
    const runs = given.rest.map(read).map((file) => runVectors(file.kind, file.vectors));
    const lines = runs.flatMap((run) => [
      ...run.results.map((one) =>
        one.pass ? `ok    ${one.name}` : `FAIL  ${one.name}: ${one.why}`,
      ),
      `${run.kind}: ${run.passed} passed, ${run.failed} failed`,
    ]);
    const whole = runs.every((run) => run.failed === 0);
    return {
      exit: whole ? 0 : 2,
      text: lines.join("\n"),
      json: runs.length === 1 ? runs[0] : runs,
    };
  },
};
