/** The deterministic whole system, in a process of its own: it is no app, and nothing else runs in it. */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "../output.ts";
import type { Command } from "./command.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "../../../../simulation/main.ts");

type Violation = { readonly rule: string; readonly at: number; readonly detail: string };
type Report = {
  readonly seed: number;
  readonly transactions: number;
  readonly faults: string;
  readonly events: number;
  readonly violations: readonly Violation[];
  readonly stateHash: string;
  /** The smallest plan that still fails, and what happens in it, line by line. */
  readonly trace?: readonly string[];
};

/** Runs the program; its progress goes to standard error, its one line is the report. */
function run(args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

function textOf({ seed, transactions, faults, events, violations, stateHash, trace }: Report) {
  const what = `seed ${seed}: ${transactions} transactions, faults ${faults}, ${events} events`;
  if (violations.length === 0) return `${what}\nno rule was broken; state ${stateHash}`;
  const broken = violations.map(({ rule, at, detail }) => `BROKEN at ${at} ms: ${rule}: ${detail}`);
  const shown = trace && trace.length > 0 ? ["", "the smallest trace found:", ...trace] : [];
  return [what, ...broken, ...shown].join("\n");
}

export const simulate: Command = {
  words: "simulate",
  meaning: "run the whole system on a virtual clock, with faults, from a seed",
  flags: {
    seed: { takes: "N", meaning: "a whole number: the same seed and code give the same state" },
    transactions: { takes: "M", meaning: "how many the cashiers are asked for (default 20)" },
    faults: { takes: "NAME", meaning: "none, light or heavy (default heavy)" },
  },
  run: async (given) => {
    const seed = given.value("seed");
    const transactions = given.value("transactions") ?? "20";
    const faults = given.value("faults") ?? "heavy";
    if (seed === undefined || !/^\d{1,9}$/.test(seed)) {
      throw new CommandError("--seed N is needed: a whole number of at most 9 digits");
    }
    if (!/^[1-9]\d{0,5}$/.test(transactions)) {
      throw new CommandError("--transactions M must be a whole number from 1 to 999999");
    }
    if (!["none", "light", "heavy"].includes(faults)) {
      throw new CommandError("--faults must be none, light or heavy");
    }
    const { code, output } = await run([seed, transactions, faults]);
    if (code !== 0 && code !== 2) throw new CommandError("the simulation itself failed: see above");
    // Printed by our own program.
    const report = JSON.parse(output) as Report;
    return { exit: code, text: textOf(report), json: report };
  },
};
