/** Times functions of this process in turn, so that all of them see the same machine. */
import { loadavg } from "node:os";
import { machine, row, type Report, type Ratio, type Row, type Settings } from "./report.ts";

/** One thing that is done over and over. */
export type Job = {
  readonly subject: string;
  readonly name: string;
  /** What it gives, if a promise, is waited for. */
  readonly run: () => unknown;
  /** Operations in one run; 1 where left out. */
  readonly operations?: number;
};

/** Operations a second over about `milliseconds`, and CPU microseconds for one of them. */
async function once(job: Job, milliseconds: number): Promise<{ rate: number; cpuMicros: number }> {
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  const end = began + BigInt(milliseconds) * 1_000_000n;
  let count = 0;
  let now = began;
  while (now < end) {
    for (let times = 0; times < 16; times += 1) {
      const given = job.run();
      if (given instanceof Promise) await given;
    }
    count += 16 * (job.operations ?? 1);
    now = process.hrtime.bigint();
  }
  const used = process.cpuUsage(cpu);
  return {
    rate: (count * 1e9) / Number(now - began),
    cpuMicros: (used.user + used.system) / count,
  };
}

function middle(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0;
}

export type Measured = {
  readonly rows: readonly Row[];
  readonly rate: (subject: string, name: string) => number;
  readonly cpuMicros: (subject: string, name: string) => number;
};

/** Runs every job once a round, after a warm-up. */
export async function interleaved(
  jobs: readonly Job[],
  { quick, log }: Settings,
): Promise<Measured> {
  const rounds = quick ? 7 : 11;
  const milliseconds = quick ? 60 : 250;
  const rates = new Map<Job, number[]>();
  const cpus = new Map<Job, number[]>();
  for (const job of jobs) await once(job, milliseconds * 2);
  for (let round = 1; round <= rounds; round += 1) {
    log(`round ${round} of ${rounds}`);
    for (const job of jobs) {
      const { rate, cpuMicros } = await once(job, milliseconds);
      rates.set(job, [...(rates.get(job) ?? []), rate]);
      cpus.set(job, [...(cpus.get(job) ?? []), cpuMicros]);
    }
  }
  const find = (subject: string, name: string): Job => {
    const found = jobs.find((job) => job.subject === subject && job.name === name);
    if (!found) throw new Error(`no job ${subject} ${name}`);
    return found;
  };
  return {
    rows: jobs.map((job) => row(job.subject, job.name, "operations/s", rates.get(job) ?? [])),
    rate: (subject, name) => middle(rates.get(find(subject, name)) ?? []),
    cpuMicros: (subject, name) => middle(cpus.get(find(subject, name)) ?? []),
  };
}

/** A report of such a measurement. */
export function reportOf(
  bench: string,
  settings: Settings,
  before: number,
  measured: Measured,
  ratios: readonly Ratio[],
  notes: readonly string[],
): Report {
  return {
    bench,
    quick: settings.quick,
    machine: machine(before),
    versions: { node: process.version, openssl: process.versions.openssl },
    rows: measured.rows,
    ratios,
    notes,
  };
}

export const loadNow = (): number => loadavg()[0] ?? 0;
