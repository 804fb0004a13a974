/** One round: a host under load, and what that took of the machine. */
import type { Ran, RunOptions } from "../../apps/cli/src/load/fleet.ts";
import { percentile } from "../../apps/cli/src/load/latencies.ts";
import { openLoad, type Load } from "../../apps/cli/src/load/load.ts";
import { calendar, data, query, type House } from "./house.ts";
import type { Host } from "./hosts.ts";
import { usageOf, usageOfFamily } from "./usage.ts";

/** CPU seconds of each party and bytes of WAL of the hosts' server. */
type Spent = {
  readonly host: number;
  readonly database: number;
  readonly issuer: number;
  readonly drivers: number;
  readonly wal: number;
};

export type Round = {
  readonly approved: number;
  readonly failed: number;
  readonly rate: number;
  /** Approvals for each CPU second of host and database. */
  readonly perCpu: number;
  /** CPU microseconds an approval. */
  readonly micros: Readonly<Record<Exclude<keyof Spent, "wal">, number>>;
  readonly p50: number;
  readonly p99: number;
  readonly walBytes: number;
  readonly residentMb: number;
};

export type Subject = { readonly host: Host; readonly load: Load };

/** A load for one of several hosts, which share the set without sharing a card. */
export async function attach(
  host: Host,
  terminals: number,
  share: { readonly number: number; readonly of: number },
): Promise<Subject> {
  const address = { host: "127.0.0.1", port: host.port };
  const { zone } = calendar;
  return { host, load: await openLoad({ data, address, terminals, zone, share, drivers: 1 }) };
}

export async function walOf(house: House): Promise<number> {
  const [row] = await query(
    house.hosts.url,
    "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as bytes",
  );
  return Number(row?.["bytes"] ?? 0);
}

async function spent(house: House, { host, load }: Subject): Promise<Spent> {
  return {
    host: usageOf(host.pid).cpu,
    database: usageOfFamily(house.hosts.pid).cpu,
    issuer: usageOf(house.issuer.pid() ?? 0).cpu + usageOfFamily(house.issuers.pid).cpu,
    drivers: load.pids.reduce((sum, pid) => sum + usageOf(pid).cpu, 0),
    wal: await walOf(house),
  };
}

export async function round(house: House, subject: Subject, run: RunOptions): Promise<Round> {
  const before = await spent(house, subject);
  const ran = await subject.load.run(run);
  const after = await spent(house, subject);
  return roundOf(ran, before, after, usageOf(subject.host.pid).resident);
}

function roundOf(ran: Ran, before: Spent, after: Spent, resident: number): Round {
  const { approved } = ran;
  const each = (of: (spent: Spent) => number): number =>
    (of(after) - of(before)) / Math.max(1, approved);
  const host = each((one) => one.host);
  const database = each((one) => one.database);
  return {
    approved,
    failed: ran.declined + ran.errors,
    rate: approved / ran.seconds,
    perCpu: host + database > 0 ? 1 / (host + database) : 0,
    micros: {
      host: host * 1e6,
      database: database * 1e6,
      issuer: each((one) => one.issuer) * 1e6,
      drivers: each((one) => one.drivers) * 1e6,
    },
    p50: percentile(ran.latencies, 0.5),
    p99: percentile(ran.latencies, 0.99),
    walBytes: each((one) => one.wal),
    residentMb: resident / 2 ** 20,
  };
}
