/** `npm run bench -- NAME [--json] [--quick]`: measures, side by side with peers, and says what of it meets its goal. */
import { cardBench } from "./card/bench.ts";
import { codecBench } from "./codec/bench.ts";
import { hostBench } from "./host/bench.ts";
import { keysBench } from "./keys/bench.ts";
import { printReport, writeReport, type Bench } from "./report.ts";

const benches: Readonly<Record<string, Bench>> = {
  codec: codecBench,
  keys: keysBench,
  card: cardBench,
  host: hostBench,
};

const names = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const flags = new Set(process.argv.slice(2).filter((word) => word.startsWith("--")));
const quick = flags.has("--quick");

async function main(): Promise<number> {
  const [name = ""] = names;
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (bench === undefined || flags.has("--help")) {
    console.error(`npm run bench -- ${Object.keys(benches).join("|")} [--json] [--quick]`);
    return flags.has("--help") ? 0 : 1;
  }
  const report = await bench({ quick, log: (line) => console.error(line) });
  // A short run is for a look; what stands in results/ comes from full ones.
  if (!quick) writeReport(report);
  printReport(report, flags.has("--json"));
  return report.ratios.every(({ met }) => met) ? 0 : 2;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
