import { emvVectorKinds, runEmvVectors, runTranscripts, transcriptKinds } from "@tillway/emv";
import { runVectors, vectorKinds } from "@tillway/keys";
import { qrVectorKinds, runQrVectors } from "@tillway/qr";
import { CommandError, type Ending } from "../output.ts";
import type { Command } from "./command.ts";
import { readVectorFile, type VectorFile } from "./input.ts";
import { runTerminalParameters, TERMINAL_PARAMETERS } from "./terminal-parameters.ts";

type Result =
  | { readonly name: string; readonly pass: true }
  | { readonly name: string; readonly pass: false; readonly why: string };
type Run = {
  readonly kind: string;
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly Result[];
};

/** Who computes which kind of published vector. */
const runners: readonly {
  readonly kinds: readonly string[];
  readonly run: (kind: string, vectors: readonly unknown[]) => Run;
}[] = [
  { kinds: vectorKinds, run: runVectors },
  { kinds: emvVectorKinds, run: runEmvVectors },
  { kinds: transcriptKinds, run: runTranscripts },
  { kinds: qrVectorKinds, run: runQrVectors },
  { kinds: [TERMINAL_PARAMETERS], run: runTerminalParameters },
];

function runFile(file: VectorFile): Run {
  const runner = runners.find(({ kinds }) => kinds.includes(file.kind));
  if (runner) return runner.run(file.kind, file.vectors);
  const known = runners.flatMap(({ kinds }) => kinds).join(", ");
  throw new CommandError(`vectors of kind ${file.kind} are not known; known are: ${known}`);
}

/** One line a vector, a line a file; exit 0 only if none failed. */
function ending(runs: readonly Run[]): Ending {
  const lines = runs.flatMap((run) => [
    ...run.results.map((one) => (one.pass ? `ok    ${one.name}` : `FAIL  ${one.name}: ${one.why}`)),
    `${run.kind}: ${run.passed} passed, ${run.failed} failed`,
  ]);
  const whole = runs.every((run) => run.failed === 0);
  const [only] = runs;
  return { exit: whole ? 0 : 2, text: lines.join("\n"), json: runs.length === 1 ? only : runs };
}

function fileCommand(name: string, meaning: string, run: (file: VectorFile) => Run): Command {
  return {
    words: `${name} FILE.json…`,
    meaning,
    flags: {},
    run: async (given) => {
      if (given.rest.length === 0) throw new CommandError(`${name} needs one or more files`);
      return ending(given.rest.map(readVectorFile).map(run));
    },
  };
}

export const vectors = fileCommand(
  "vectors",
  "run published test vectors through the product's own code",
  runFile,
);

export const transcript = fileCommand(
  "transcript",
  "play recorded cards to the EMV kernel",
  (file) => {
    if (transcriptKinds.includes(file.kind)) return runTranscripts(file.kind, file.vectors);
    throw new CommandError(
      `transcripts of kind ${file.kind} are not known; known are: ${transcriptKinds.join(", ")}`,
    );
  },
);
