/** `main.ts SEED TRANSACTIONS FAULTS`: one simulation; its report is one line of JSON. */
import { planOf } from "./plan.ts";
import { report } from "./report.ts";
import { profiles } from "./world/faults.ts";

const [seed = "1", transactions = "20", faults = "heavy"] = process.argv.slice(2);
const profile = profiles.find((one) => one === faults);
if (!profile) {
  process.stderr.write("faults must be none, light or heavy\n");
  process.exit(1);
}
const plan = planOf(Number.parseInt(seed, 10), Number.parseInt(transactions, 10), profile);
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const found = await report(plan, say);
process.stdout.write(`${JSON.stringify(found)}\n`);
process.exitCode = found.violations.length === 0 ? 0 : 2;
