/**
 * `bench host`: this project's acquirer, the same with one commit a step, a jPOS host and pgbench,
 * round by round in turn on one machine, all but pgbench with the same terminals, network and issuer.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { businessDate } from "../../packages/money/src/index.ts";
import { loadNow } from "../interleaved.ts";
import { hostVersions } from "../peers/install.ts";
import { machine, rounded, type Bench, type Settings } from "../report.ts";
import { calendar, openDays, openHouse, query, renew, type House } from "./house.ts";
import { startJpos, startTillway, type JposTuning } from "./hosts.ts";
import { calm, idleBytes } from "./idle.ts";
import { runPgbench } from "./pgbench.ts";
import { kinds, names, Results } from "./results.ts";
import { attach, round, type Subject } from "./round.ts";
import { storedDatabase } from "./stored.ts";
import { usageOf } from "./usage.ts";

type Plan = {
  readonly terminals: number;
  readonly idle: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly millions: number;
  readonly steadySeconds: number;
  readonly sweep: readonly JposTuning[];
};

const all = (sessions: readonly number[], pools: readonly number[]): JposTuning[] =>
  sessions.flatMap((count) => pools.map((pool) => ({ sessions: count, pool })));

const full: Plan = {
  terminals: 256,
  idle: 10_000,
  rounds: 7,
  seconds: 10,
  millions: 10,
  steadySeconds: 600,
  sweep: all([8, 16, 32, 64], [4, 8, 16, 32]),
};
/** Within ten minutes, the first time too. */
const quick: Plan = {
  ...full,
  rounds: 3,
  seconds: 4,
  millions: 1,
  steadySeconds: 60,
  sweep: all([8, 32], [8, 24]),
};

/** Subjects that run side by side and share the set of terminals and cards. */
const SHARES = 3;
const share = (number: number) => ({ number, of: SHARES });

type Run = {
  readonly house: House;
  readonly plan: Plan;
  readonly day: string;
  readonly results: Results;
  readonly notes: string[];
  readonly log: (line: string) => void;
};

/** Distinct cryptograms that the issuer verified and approved. */
async function verified({ issuers }: House): Promise<number> {
  const [found] = await query(
    issuers.url,
    `select count(distinct (card, atc))::text as n from issuer.authorisation
      where state = 'approved' and atc is not null`,
  );
  return Number(found?.["n"] ?? 0);
}

/** Approvals in the books of a host. */
async function approved({ house }: Run, database: string): Promise<number> {
  const [found] = await query(
    house.url(database),
    "select count(*)::text as n from acquirer.transaction_event where state = 'approved'",
  );
  return Number(found?.["n"] ?? 0);
}

/** Tries the peer's tunings in turn; the fastest is the one that is measured. */
async function tune({ house, plan, notes, log }: Run): Promise<JposTuning> {
  let best: JposTuning = { sessions: 32, pool: 16 };
  let fastest = 0;
  for (const tuning of plan.sweep) {
    const peer = await startJpos(house, house.url("peer"), tuning, log);
    const subject = await attach(peer, plan.terminals, share(2));
    await subject.load.run({ seconds: plan.seconds / 2 });
    const ran = await subject.load.run({ seconds: plan.seconds / 2 });
    subject.load.close();
    await peer.stop();
    const rate = ran.approved / ran.seconds;
    const text = `jPOS with ${tuning.sessions} sessions, ${tuning.pool} connections: ${rounded(rate)}/s`;
    notes.push(text);
    log(text);
    if (rate > fastest) [best, fastest] = [tuning, rate];
  }
  notes.push(`jPOS is measured with ${best.sessions} sessions and ${best.pool} connections`);
  return best;
}

async function ceiling({ house, day, plan, results, log }: Run): Promise<void> {
  log("the batch statements alone");
  const script = join(import.meta.dirname, "ceiling.ts");
  const args = [script, house.url("ceiling"), day, String(plan.seconds), "512"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const said: unknown = JSON.parse(stdout);
  const told = new Map(Object.entries(typeof said === "object" && said !== null ? said : {}));
  const rate = Number(told.get("made")) / Number(told.get("seconds"));
  results.figure(names.ceiling, "payments of both steps", "payments/s", rate);
}

async function single({ house, day, plan, results, log }: Run): Promise<void> {
  log("pgbench");
  for (const clients of [4, 16, 64]) {
    const ran = await runPgbench(house, house.url("single"), day, {
      clients,
      seconds: Math.ceil(plan.seconds / 2),
    });
    const name = `one transaction, ${clients} clients`;
    results.figure(names.single, name, "payments/s", ran.rate);
    results.figure(names.single, `${name}, for CPU`, "payments/CPU s", ran.perCpu);
  }
}

/** The three hosts in turn, at full speed and then at half of what each reached. */
async function compare(run: Run, subjects: readonly (readonly [string, Subject])[]): Promise<void> {
  const { house, plan, results, log } = run;
  for (const [, subject] of subjects) await subject.load.run({ seconds: plan.seconds });
  for (let count = 1; count <= plan.rounds; count += 1) {
    log(`round ${count} of ${plan.rounds}`);
    for (const [name, subject] of subjects) {
      const one = await round(house, subject, { seconds: plan.seconds });
      log(`  ${name}: ${rounded(one.rate)}/s, ${rounded(one.perCpu)} for a CPU second`);
      results.add(name, kinds.full, one);
    }
    await ceiling(run);
    await single(run);
    for (const [name, subject] of subjects) {
      const rate = results.median(name, kinds.full, (one) => one.rate) / 2;
      results.add(name, kinds.half, await round(house, subject, { seconds: plan.seconds, rate }));
    }
  }
}

/** With and without many payments stored, in turn. */
async function growth(run: Run): Promise<void> {
  const { house, plan, results, log } = run;
  const url = await storedDatabase(house, plan.millions, log);
  const started = [
    [kinds.none, await startTillway(house, "none", house.url("host"), {}), share(0)] as const,
    [kinds.stored, await startTillway(house, "stored", url, {}), share(1)] as const,
  ];
  const subjects: (readonly [string, Subject])[] = [];
  for (const [kind, host, own] of started) {
    const subject = await attach(host, plan.terminals, own);
    await subject.load.run({ seconds: plan.seconds });
    subjects.push([kind, subject]);
  }
  for (let count = 1; count <= plan.rounds; count += 1) {
    for (const [kind, subject] of subjects) {
      results.add(names.own, kind, await round(house, subject, { seconds: plan.seconds }));
    }
  }
  for (const [, { host, load }] of subjects) {
    load.close();
    await host.stop();
  }
}

/** Memory: of idle connections, and how it grows while the load goes on. */
async function memory(run: Run): Promise<void> {
  const { house, plan, results, log } = run;
  log("memory");
  const host = await startTillway(house, "memory", house.url("host"), {});
  const open = (): Promise<Subject> => attach(host, plan.idle, { number: 0, of: 1 });
  const warm = await attach(host, plan.terminals, share(0));
  await warm.load.run({ seconds: plan.seconds });
  warm.load.close();
  await calm();
  const bytes = await idleBytes(host.pid, plan.idle, open);
  results.figure(names.own, "an idle connection", "KiB", bytes / 1024);
  const steady = await attach(host, plan.terminals, share(0));
  // The heap of a process that was just started grows to its size first.
  const third = plan.steadySeconds / 3;
  await steady.load.run({ seconds: third * 2 });
  const before = usageOf(host.pid).resident;
  await steady.load.run({ seconds: third });
  const grown = usageOf(host.pid).resident / before - 1;
  results.figure(names.own, "growth of memory", "% a minute", (grown * 100 * 60) / third);
  steady.load.close();
  await host.stop();
}

async function measure(run: Run): Promise<void> {
  const { house, plan, results } = run;
  for (const name of ["host", "peer", "ceiling", "single"]) await renew(house, name);
  const before = await verified(house);
  const tuning = await tune(run);
  // Without batches more writers help: it gets them.
  const own = { TILLWAY_BATCH_MOST: "1", TILLWAY_LANES: "4" };
  const hosts = [
    [names.own, await startTillway(house, "batches", house.url("host"), {})] as const,
    [names.unbatched, await startTillway(house, "steps", house.url("host"), own)] as const,
    [names.peer, await startJpos(house, house.url("peer"), tuning, run.log)] as const,
  ];
  const subjects: (readonly [string, Subject])[] = [];
  for (const [number, [name, host]] of hosts.entries()) {
    subjects.push([name, await attach(host, plan.terminals, share(number))]);
  }
  await compare(run, subjects);
  for (const [, { host, load }] of subjects) {
    load.close();
    await host.stop();
  }
  const durable = (await approved(run, "host")) + (await approved(run, "peer"));
  const seen = (await verified(house)) - before;
  results.figure(
    names.own,
    "approvals without a verified cryptogram",
    "approvals",
    Math.abs(durable - seen),
  );
  run.notes.push(`${durable} approvals in the hosts' books, ${seen} verified cryptograms`);
  await memory(run);
  await growth(run);
}

export const hostBench: Bench = async (settings: Settings) => {
  const before = loadNow();
  const plan = settings.quick ? quick : full;
  const cards = plan.terminals * SHARES;
  const house = await openHouse({ terminals: Math.max(plan.idle, cards), cards }, settings);
  const results = new Results();
  const notes: string[] = [];
  const day = businessDate(Date.now(), calendar);
  try {
    await openDays(house.url("fresh"));
    await measure({ house, plan, day, results, notes, log: settings.log });
  } finally {
    await house.stop();
  }
  if (results.failed > 0) notes.push(`${results.failed} payments were declined or not answered`);
  return {
    bench: "host",
    quick: settings.quick,
    machine: machine(before),
    versions: { node: process.version, ...hostVersions() },
    rows: results.rows(),
    ratios: results.ratios(),
    notes,
  };
};
