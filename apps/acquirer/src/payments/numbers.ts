/** RRN and trace numbers: unique, also after a crash, without a database call each. */
import { addDays, uuidv7 } from "@tillway/money";
import { transmissionOf } from "./advice.ts";
import type { Series, Store } from "./port.ts";
import type { Spare } from "./step.ts";
import type { Assigned } from "./transaction.ts";

const BLOCK = 1000;
/** The next block is fetched while this many numbers are left. */
const LOW = 200;

/** Numbers of one series; blocks are fetched ahead, and what a crash leaves unused stays unused. */
function openSeries(store: Pick<Store, "block">, series: Series): () => Promise<number> {
  let rest: number[] = [];
  let coming: Promise<void> | undefined;
  const take = async (): Promise<void> => {
    const block = await store.block(series);
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
  /** What a reversal may need: numbers for an advice and a journal. */
  readonly spare: (at: number) => Promise<Spare>;
};

/** The dates on which an RRN may have been given, as business dates: its day and the next. */
export function datesOfRrn(rrn: string, today: string): readonly string[] {
  const found = /^(\d)(\d{3})\d{8}$/.exec(rrn);
  if (!found) return [];
  const [year = 0, day = 0] = [found[1], found[2]].map((text) => Number.parseInt(text ?? "", 10));
  const now = Number.parseInt(today.slice(0, 4), 10);
  // The nearest past year that ends in the digit; tomorrow's first RRN may be of the next year.
  const back = (((now - year) % 10) + 10) % 10;
  const then = back === 9 ? now + 1 : now - back;
  const first = addDays(`${then}-01-01`, day - 1);
  return [first, addDays(first, 1)];
}

/** The day of the year, 001 to 366. */
function dayOfYear(date: string): string {
  const start = Date.parse(`${date.slice(0, 4)}-01-01T00:00:00Z`);
  const day = (Date.parse(`${date}T00:00:00Z`) - start) / 86_400_000 + 1;
  return String(day).padStart(3, "0");
}

export function openNumbers(
  store: Pick<Store, "block">,
  random: (length: number) => Uint8Array,
): Numbers {
  const traces = openSeries(store, "trace");
  const references = openSeries(store, "reference");
  const transmit = async (at: number) => ({
    trace: String(await traces()).padStart(6, "0"),
    transmission: transmissionOf(at),
  });
  const id = (at: number): string => uuidv7(at, random(10));
  return {
    id,
    transmit,
    spare: async (at) => ({ adviceId: id(at), journalId: id(at), ...(await transmit(at)) }),
    assign: async (at, localDate) => {
      const reference = String(await references()).padStart(8, "0");
      // Last digit of the year, day of the year, then a number that goes round after 100 million.
      const rrn = localDate.slice(3, 4) + dayOfYear(localDate) + reference;
      return { id: id(at), rrn, at, ...(await transmit(at)) };
    },
  };
}
