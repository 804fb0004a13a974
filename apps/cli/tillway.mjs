#!/usr/bin/env node
// `npx tillway …`: hands over to the project's own Node, installing what is missing first.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const child = spawn(
  process.execPath,
  [join(root, "tools", "setup.mjs"), "run", ...process.argv.slice(2)],
  { stdio: "inherit" },
);
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code) => process.exit(code ?? 1));
