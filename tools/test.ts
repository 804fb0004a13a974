/**
 * `npm test`: proves the project, in the order in which a mistake is cheapest to find. `--quick`
 * leaves out simulated seeds, whole-system faults and the browser. Each phase must pass before the next begins.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const quick = process.argv.includes("--quick");
const bin = (name: string): string => join(root, "node_modules", ...name.split("/"));
const seed = join(root, "tools", "seed.ts");
const totals = { passed: 0, failed: 0 };

type Phase = { readonly name: string; readonly args: readonly string[] };

function files(...patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: root, exclude: (path) => path.includes("node_modules") }).sort();
}

function tests(name: string, found: readonly string[], options: readonly string[]): Phase[] {
  if (found.length === 0) return [];
  return [
    { name, args: ["--import", seed, "--test", "--test-reporter=spec", ...options, ...found] },
  ];
}

const slow = files("test/{faults,browser}/**/*.test.ts");
const seeds = files("simulation/*.test.ts");
// Nothing may hang: a test that waits for ever fails, and what it left open ends with its file.
const bounded = ["--test-timeout=180000", "--test-force-exit"];
const phases: readonly Phase[] = [
  { name: "types", args: [bin("typescript/bin/tsc"), "--noEmit", "-p", "."] },
  { name: "lint", args: [bin("oxlint/bin/oxlint"), "--type-aware", "--quiet"] },
  { name: "format", args: [bin("oxfmt/bin/oxfmt"), "--check", "."] },
  ...tests(
    "structure and libraries",
    files("tools/*.test.ts", "packages/**/*.test.ts", "simulation/{world,stores}/*.test.ts"),
    ["--test-isolation=none", "--test-force-exit"],
  ),
  ...tests("applications", files("apps/**/*.test.ts"), [...bounded, "--test-concurrency=2"]),
  ...tests(
    "whole system",
    files("test/**/*.test.ts").filter((file) => !slow.includes(file)),
    [...bounded, "--test-concurrency=2"],
  ),
  ...(quick ? [] : tests("simulation", seeds, [...bounded, "--test-concurrency=2"])),
  ...(quick ? [] : tests("faults and browser", slow, [...bounded, "--test-concurrency=1"])),
];

/** Runs one phase with the project's Node; its summary lines are added to the totals. */
function run(phase: Phase): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, phase.args, {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TILLWAY_LOG: process.env.TILLWAY_LOG ?? "warn" },
    });
    let rest = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      process.stdout.write(text);
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const count = /^ℹ (pass|fail) (\d+)$/.exec(line);
        if (count?.[1] === "pass") totals.passed += Number.parseInt(count[2] ?? "0", 10);
        if (count?.[1] === "fail") totals.failed += Number.parseInt(count[2] ?? "0", 10);
      }
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

for (const phase of phases) {
  const began = Date.now();
  console.log(`\n— ${phase.name}`);
  const code = await run(phase);
  console.log(`— ${phase.name}: ${code === 0 ? "ok" : "FAILED"} in ${Date.now() - began} ms`);
  if (code !== 0) {
    console.log(`${totals.passed} passed, ${Math.max(totals.failed, 1)} failed`);
    process.exit(1);
  }
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.passed > 0 ? 0 : 1);
