/** RRN and trace numbers: unique, also after a crash, without a database call each. */
import { uuidv7 } from "@tillway/money";
import type { Database } from "../db/index.ts";
import { transmissionOf } from "./advice.ts";
import { nextBlock, type Series } from "./store/index.ts";
import type { Assigned } from "./transaction.ts";

const BLOCK = 1000;
/** The next block is fetched while this many numbers are left. */
const LOW = 200;

/** Numbers of one series; blocks are fetched ahead, and what a crash leaves unused stays unused. */
function openSeries(database: Database, series: Series): () => Promise<number> {
  let rest: number[] = [];
  let coming: Promise<void> | undefined;
  const take = async (): Promise<void> => {
    const block = await database.use((sql) => nextBlock(sql, series));
    const first = block * BLOCK;
    // Zero is no trace number.
    rest = rest.concat(Array.from({ length: BLOCK }, (_, at) => first + at).filter(Boolean));
  };
  const fetch = (): Promise<void> => {
    coming ??= take().finally(() => {
      coming = undefined;
    });
    return coming;
  };
  return async () => {
    for (;;) {
      const next = rest.shift();
      if (next !== undefined) {
        // A failure shows when the numbers run out; until then nobody has to know.
        if (rest.length === LOW) fetch().catch(() => undefined);
        return next;
      }
      await fetch();
    }
  };
}

export type Numbers = {
  /** Everything that a new request is given; `at` in ms since the epoch, `localDate` "YYYY-MM-DD". */
  readonly assign: (at: number, localDate: string) => Promise<Assigned>;
  /** DE 7 and 11 for another message to the network. */
  readonly transmit: (
    at: number,
  ) => Promise<{ readonly trace: string; readonly transmission: string }>;
  readonly id: (at: number) => string;
};

/** The day of the year, 001 to 366. */
function dayOfYear(date: string): string {
  const start = Date.parse(`${date.slice(0, 4)}-01-01T00:00:00Z`);
  const day = (Date.parse(`${date}T00:00:00Z`) - start) / 86_400_000 + 1;
  return String(day).padStart(3, "0");
}

export function openNumbers(database: Database, random: (length: number) => Uint8Array): Numbers {
  const traces = openSeries(database, "trace");
  const references = openSeries(database, "reference");
  const transmit = async (at: number) => ({
    trace: String(await traces()).padStart(6, "0"),
    transmission: transmissionOf(at),
  });
  const id = (at: number): string => uuidv7(at, random(10));
  return {
    id,
    transmit,
    assign: async (at, localDate) => {
      const reference = String(await references()).padStart(8, "0");
      // Last digit of the year, day of the year, then a number that goes round after 100 million.
      const rrn = localDate.slice(3, 4) + dayOfYear(localDate) + reference;
      return { id: id(at), rrn, at, ...(await transmit(at)) };
    },
  };
}
