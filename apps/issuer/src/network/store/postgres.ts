/** The network's store on PostgreSQL: what waits while a commit is in flight goes out together. */
import { bucketOf, Lanes, type Sql } from "@tillway/database";
import { batch, withClient, type Database } from "../../db/index.ts";
import type { Advice, Ending, Exchange } from "../exchange.ts";
import type { NetworkStore, Opened } from "../store.ts";
import { acknowledge, adviceDigest, countAttempts, dueAdvices, nextTrace } from "./advice.ts";
import { storeAdvices, wakeAdvices } from "./advice.ts";
import { endExchanges, expiredExchanges, findExchange, openExchanges } from "./exchange.ts";
import { recordLate, reopenExchange, type Written } from "./exchange.ts";
import { allRoutes, findMember } from "./member.ts";

/** Card number prefixes have 4 to 8 digits (ISO/IEC 7812-1); the longest that is known wins. */
const PREFIX_LENGTHS = [8, 7, 6, 5, 4];

/** What is written in one commit with whatever else waits. */
type Step =
  | { readonly kind: "open"; readonly exchange: Exchange }
  | { readonly kind: "end"; readonly ending: Ending; readonly reversal: Advice | undefined }
  | { readonly kind: "take"; readonly advice: Advice };

/** The key of the step where its write took effect. */
type Result = Written | "ended" | "stored";

/** One writer: the fewer there are, the more each commit holds (docs/decisions/0004). */
const LANES = 1;

/** More requests than this that wait to be written would all be answered late: the next are 96. */
const DEEPEST = 4096;

export function networkStore(database: Database): NetworkStore {
  const lanes = new Lanes<Step, Result>({
    lanes: LANES,
    soon: setImmediate,
    run: (_lane, steps) => batch(database, (sql) => writeAll(sql, steps)),
  });
  const submit = (key: string, step: Step): Promise<Result> => lanes.submit(bucketOf(key), step);
  const read = <T>(run: (sql: Sql) => Promise<T>): Promise<T> => withClient(database, run);
  let routes: Promise<ReadonlyMap<string, string>> | undefined;
  const routesNow = (): Promise<ReadonlyMap<string, string>> => {
    routes ??= read(allRoutes);
    routes.catch(() => (routes = undefined));
    return routes;
  };
  const open = async (exchange: Exchange): Promise<Opened> => {
    if (lanes.depth.waiting >= DEEPEST) throw new Error("too many requests wait to be written");
    const kind = await submit(exchange.key, { kind: "open", exchange });
    if (kind === "new" || kind === "reversed") return { kind };
    const known = await read((sql) => findExchange(sql, exchange.key));
    if (!known) throw new Error("an exchange whose key is taken could not be read");
    return { kind: "known", exchange: known };
  };
  const end = async (ending: Ending, reversal: Advice | undefined): Promise<boolean> =>
    (await submit(ending.key, { kind: "end", ending, reversal })) === "ended";
  return {
    member: (institution) => read((sql) => findMember(sql, institution)),
    issuerOf: async (pan) => {
      const known = longest(await routesNow(), pan);
      if (known !== undefined) return known;
      // Not in the table as it was read: it may have been added since.
      routes = undefined;
      return longest(await routesNow(), pan);
    },
    open,
    find: (key) => read((sql) => findExchange(sql, key)),
    reopen: (exchange) => read((sql) => reopenExchange(sql, exchange)),
    end: (ending) => end(ending, undefined),
    abandon: end,
    late: (key, reply) => read((sql) => recordLate(sql, key, reply)),
    expired: (now, limit) => read((sql) => expiredExchanges(sql, now, limit)),
    trace: () => read(nextTrace),
    take: async (advice) => {
      if ((await submit(advice.key, { kind: "take", advice })) === "stored") return undefined;
      return read((sql) => adviceDigest(sql, advice.key));
    },
    due: (now, limit) => read((sql) => dueAdvices(sql, now, limit)),
    attempt: (keys, nextDue) => read((sql) => countAttempts(sql, keys, nextDue)),
    acknowledge: (key, code, at) => read((sql) => acknowledge(sql, key, code, at)),
    wake: (institution, now) => read((sql) => wakeAdvices(sql, institution, now)),
  };
}

function longest(routes: ReadonlyMap<string, string>, pan: string): string | undefined {
  for (const length of PREFIX_LENGTHS) {
    const found = routes.get(pan.slice(0, length));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function writeAll(sql: Sql, steps: readonly Step[]): Promise<Result[]> {
  const opening = steps.flatMap((step) => (step.kind === "open" ? [step.exchange] : []));
  const ending = steps.flatMap((step) => (step.kind === "end" ? [step] : []));
  const taking = steps.flatMap((step) => (step.kind === "take" ? [step.advice] : []));
  const opened =
    opening.length > 0 ? await openExchanges(sql, opening) : new Map<string, Written>();
  const ended =
    ending.length > 0
      ? await endExchanges(
          sql,
          ending.map((step) => step.ending),
        )
      : new Set<string>();
  const reversals = ending.flatMap(({ ending: { key }, reversal }) =>
    reversal && ended.has(key) ? [reversal] : [],
  );
  const advices = [...taking, ...reversals];
  const stored = advices.length > 0 ? await storeAdvices(sql, advices) : new Set<string>();
  // Of two steps with one key the first has it.
  return steps.map((step) => {
    switch (step.kind) {
      case "open": {
        const { key } = step.exchange;
        const written = opened.get(key) ?? "known";
        opened.delete(key);
        return written;
      }
      case "end":
        return ended.delete(step.ending.key) ? "ended" : "known";
      case "take":
        return stored.delete(step.advice.key) ? "stored" : "known";
    }
  });
}
