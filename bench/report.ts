/** What a bench reports, in the shapes of the command line, and how it is printed and kept. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";

export type Row = {
  readonly subject: string;
  readonly case: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
};

export type Ratio = {
  readonly name: string;
  readonly value: number;
  readonly goal: number;
  readonly met: boolean;
};

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Work waiting for a core, one-minute average, before and after: a shared machine shows here. */
  readonly load: { readonly before: number; readonly after: number };
};

export type Report = {
  readonly bench: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  readonly notes: readonly string[];
};

export type Settings = { readonly quick: boolean; readonly log: (line: string) => void };

export type Bench = (settings: Settings) => Promise<Report>;

export function machine(loadBefore: number): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    load: { before: rounded(loadBefore), after: rounded(loadavg()[0] ?? 0) },
  };
}

export function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

export function row(subject: string, name: string, unit: string, values: readonly number[]): Row {
  return {
    subject,
    case: name,
    unit,
    median: rounded(median(values)),
    min: rounded(Math.min(...values)),
    max: rounded(Math.max(...values)),
    rounds: values.length,
  };
}

export function ratio(name: string, value: number, goal: number): Ratio {
  return { name, value: rounded(value), goal, met: value >= goal };
}

function markdown(report: Report): string {
  const { machine: on } = report;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `# Bench: ${report.bench}`,
    "",
    `${on.cpu}, ${on.cores} cores, ${on.memoryGiB} GiB, ${on.system}; load ${on.load.before} before, ${on.load.after} after.`,
    `${versions.join(", ")}.`,
    "",
    "| case | subject | median | min | max | unit | rounds |",
    "|---|---|---:|---:|---:|---|---:|",
    ...report.rows.map((one) => {
      const numbers = [one.median, one.min, one.max].map((value) => value.toLocaleString("en"));
      return `| ${one.case} | ${one.subject} | ${numbers.join(" | ")} | ${one.unit} | ${one.rounds} |`;
    }),
    "",
    "| ratio | value | goal | |",
    "|---|---:|---:|---|",
    ...report.ratios.map(
      (one) => `| ${one.name} | ${one.value} | ${one.goal} | ${one.met ? "met" : "**not met**"} |`,
    ),
    "",
    ...report.notes.map((note) => `- ${note}`),
  ];
  return `${lines.join("\n")}\n`;
}

export function writeReport(report: Report): void {
  const folder = join(import.meta.dirname, "results");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, report.bench);
  writeFileSync(`${path}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(`${path}.md`, markdown(report));
}

export function printReport(report: Report, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : markdown(report));
}
