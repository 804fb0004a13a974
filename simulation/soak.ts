/** `npm run soak [-- HOURS]`: seeds without end, or for so many hours; stops at the first that breaks a rule. */
import { planOf } from "./plan.ts";
import { report } from "./report.ts";
import { profiles } from "./world/faults.ts";

const hours = Number.parseFloat(process.argv[2] ?? "Infinity");
if (Number.isNaN(hours) || hours <= 0) {
  process.stderr.write("npm run soak [-- HOURS]: hours must be a number above zero\n");
  process.exit(1);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const began = Date.now();
const end = began + hours * 3_600_000;

/** Long runs among short ones: some defects need a full batch, others a quiet beginning. */
const lengths = [20, 20, 20, 60, 200];

let events = 0;
let runs = 0;
// Seeds that no test has run, and other ones each day.
for (let seed = 1_000_000 + (Math.trunc(began / 1000) % 900_000_000); Date.now() < end; seed += 1) {
  const transactions = lengths[seed % lengths.length] ?? 20;
  const faults = profiles[seed % 10 === 0 ? 1 : 2] ?? "heavy";
  const found = await report(planOf(seed, transactions, faults), say);
  events += found.events;
  runs += 1;
  if (found.violations.length > 0) {
    for (const { rule, at, detail } of found.violations)
      say(`BROKEN at ${at} ms: ${rule}: ${detail}`);
    for (const line of found.trace ?? []) say(line);
    say(
      `again: npx tillway simulate --seed ${seed} --transactions ${transactions} --faults ${faults}`,
    );
    process.exit(2);
  }
  if (runs % 100 === 0) {
    say(`${runs} seeds, ${events} events, ${Math.round((Date.now() - began) / 60_000)} minutes`);
  }
}
say(`${runs} seeds, ${events} events: no rule was broken`);
process.exit(0);
