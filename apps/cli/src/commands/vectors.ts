import { readFileSync } from "node:fs";
import { runVectors } from "@tillway/keys";
import { CommandError } from "../output.ts";
import type { Command } from "./command.ts";

type VectorFile = Parameters<typeof runVectors>[0];

function read(path: string): VectorFile {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as VectorFile;
  } catch {
    throw new CommandError(`${path} cannot be read as a file of test vectors`);
  }
}

export const vectors: Command = {
  words: "vectors FILE.json…",
  meaning: "run published test vectors through the product's own code",
  flags: {},
  run: async (given) => {
    if (given.rest.length === 0) throw new CommandError("name one or more files of test vectors");
    const runs = given.rest.map((path) => runVectors(read(path)));
    const lines = runs.flatMap((run) => [
      ...run.results.map((one) => (one.pass ? `ok    ${one.name}` : `FAIL  ${one.name}: ${one.why}`)),
      `${run.kind}: ${run.passed} passed, ${run.failed} failed`,
    ]);
    const whole = runs.every((run) => run.failed === 0);
    return { exit: whole ? 0 : 2, text: lines.join("\n"), json: runs.length === 1 ? runs[0] : runs };
  },
};
