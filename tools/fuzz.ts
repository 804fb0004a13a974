/**
 * `npm run fuzz -- [--seconds N] [--seed S]`: the properties of every decoder, over and over from
 * other seeds, for N seconds (60). The seed of each round is printed; with `--seed`, the rounds are
 * S, S + 1 and so on, and without `--seconds` S alone: so a failure is seen again.
 */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname, "..");
const seedFile = join(root, "tools", "seed.ts");
const LONGEST_ROUND_MS = 300_000;

/** Tests with properties: the same files that `npm test` runs from one seed. */
const files = globSync("{packages,apps}/**/src/**/*.test.ts", {
  cwd: root,
  exclude: (path) => path.includes("node_modules"),
})
  .filter((path) => readFileSync(join(root, path), "utf8").includes('from "fast-check"'))
  .sort();

/** One round; what it printed where it failed. A decoder that hangs fails its round. */
function round(seed: number): Promise<string | undefined> {
  const options = ["--test", "--test-isolation=none", "--test-force-exit", "--test-reporter=spec"];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", seedFile, ...options, ...files], {
      cwd: root,
      env: { ...process.env, TILLWAY_TEST_SEED: String(seed), TILLWAY_LOG: "silent" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LONGEST_ROUND_MS,
      killSignal: "SIGKILL",
    });
    const printed: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => printed.push(text));
    }
    child.on("close", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(`${printed.join("")}\n${signal === null ? "" : "it did not come to an end"}`);
    });
  });
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} takes a whole number`);
  return Number.parseInt(text, 10);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { seed: { type: "string" }, seconds: { type: "string" } },
  });
  const given = whole("seed", values.seed);
  const seconds = whole("seconds", values.seconds) ?? (given === undefined ? 60 : 0);
  let seed = given ?? randomInt(900_000_000);
  console.log(`fuzz: ${files.length} files of properties, ${seconds} s`);
  const end = Date.now() + seconds * 1000;
  do {
    const began = Date.now();
    const failure = await round(seed);
    console.log(`seed ${seed}: ${failure ? "FAILED" : "ok"} in ${Date.now() - began} ms`);
    if (failure) {
      console.log(failure.slice(failure.lastIndexOf("failing tests:")));
      console.log(`again: npm run fuzz -- --seed ${seed}`);
      return 1;
    }
    seed += 1;
  } while (Date.now() < end);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
