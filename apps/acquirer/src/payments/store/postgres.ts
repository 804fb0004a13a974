/** The store of payments on PostgreSQL: micro-batches over a few connections (docs/decisions/0003). */
import { bigintOf, Lanes, toInstant, type Sql } from "@tillway/database";
import { openLane, type Database, type Days } from "../../db/index.ts";
import type { Limit } from "../limits.ts";
import { verbsOf, type Store } from "../port.ts";
import type { Result, Step } from "../step.ts";
import { claimAdvices, findOriginalOf, pendingAdvices } from "./advices.ts";
import { readKnown } from "./known.ts";
import { readLimits } from "./limits.ts";
import { nextBlock } from "./numbers.ts";
import { recordRefusals } from "./refusals.ts";
import { keepSignature, readSignature } from "./signatures.ts";
import { readExpired, readOriginal } from "./standing.ts";
import { writeSteps } from "./write.ts";

export type PostgresStoreOptions = {
  readonly database: Database;
  readonly days: Days;
  /** Connections that write, each with the buckets of its number. */
  readonly lanes: number;
  /** The most steps that one commit holds. */
  readonly batchMost: number;
  readonly onLost: (error: Error) => void;
  /** How long limits that were read are taken as known (ms), by whose clock. */
  readonly knownMs: number;
  readonly now: () => number;
};

const bucketOfStep = (step: Step): number =>
  step.do === "open" || step.do === "reverse" ? step.key.bucket : step.bucket;

/** The days on which a step writes rows. */
function daysOf(step: Step): readonly string[] {
  switch (step.do) {
    case "open":
      return [step.businessDate, step.today];
    case "close":
      return step.journal ? [step.journal.businessDate] : [];
    case "reverse":
      return [step.businessDate];
    case "acknowledge":
      return [step.today];
    case "note":
      return [];
  }
}

export function openPostgresStore(options: PostgresStoreOptions): Store {
  const { database, days } = options;
  const connections = Array.from({ length: options.lanes }, () =>
    openLane(database.url, options.onLost),
  );
  const lanes = new Lanes<Step, Result>({
    lanes: options.lanes,
    soon: setImmediate,
    cap: { least: Math.min(16, options.batchMost), most: options.batchMost },
    run: (number, steps) => {
      const lane = connections[number];
      if (!lane) throw new Error("a lane has no connection");
      return lane.transaction((sql) => writeSteps(sql, steps));
    },
  });
  const submit = async (step: Step): Promise<Result> => {
    for (const date of daysOf(step)) await days.ensure(date);
    return lanes.submit(bucketOfStep(step), step);
  };
  const use = <T>(run: (sql: Sql) => Promise<T>): Promise<T> => database.use(run);
  return {
    ...verbsOf(submit),
    known: async (key) => (await use((sql) => readKnown(sql, [key])))[0],
    original: (query) => use((sql) => readOriginal(sql, query)),
    originalOf: (bucket, key) => use((sql) => findOriginalOf(sql, bucket, key)),
    expired: (when) => use((sql) => readExpired(sql, when)),
    dueAdvices: (when) => use((sql) => claimAdvices(sql, when)),
    pendingAdvices: () => use(pendingAdvices),
    block: (series) => use((sql) => nextBlock(sql, series)),
    beginEpoch: (node, at) => use((sql) => beginEpoch(sql, node, toInstant(at))),
    keepSignature: (signature) => use((sql) => keepSignature(sql, signature)),
    signatureOf: (place) => use((sql) => readSignature(sql, place)),
    limits: rememberedLimits(() => use(readLimits), options),
    recordRefusals: async (refused) => {
      for (const date of new Set(refused.map((one) => one.businessDate))) await days.ensure(date);
      await use((sql) => recordRefusals(sql, refused));
    },
    depth: () => lanes.depth,
    end: async () => {
      await lanes.drain();
      await Promise.all(connections.map((lane) => lane.close()));
    },
  };
}

function rememberedLimits(
  read: () => Promise<readonly Limit[]>,
  { knownMs, now }: Pick<PostgresStoreOptions, "knownMs" | "now">,
): Store["limits"] {
  let known: { readonly limits: Promise<readonly Limit[]>; readonly until: number } | undefined;
  return () => {
    if (known && known.until > now()) return known.limits;
    const reading = { limits: read(), until: now() + knownMs };
    known = reading;
    reading.limits.catch(() => {
      if (known === reading) known = undefined;
    });
    return reading.limits;
  };
}

/** A node begins: its epoch rises, so that leases of its life before are over. Returns the epoch. */
async function beginEpoch(sql: Sql, node: string, startedAt: string): Promise<string> {
  const found = await sql.query(
    `insert into node (id, epoch, started_at) values ($1, 1, $2)
     on conflict (id) do update set epoch = node.epoch + 1, started_at = excluded.started_at
     returning epoch::text as epoch`,
    [node, startedAt],
  );
  return bigintOf(found.rows[0] ?? {}, "epoch").toString();
}
