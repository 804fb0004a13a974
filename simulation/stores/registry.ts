/** The acquirer's registry in memory: terminals, key sessions, batches, MAC keys of its link. */
import type { Registry, Terminal } from "../../apps/acquirer/src/terminals/index.ts";
import {
  differencesOf,
  nextBatch,
  sameTotals,
  settlementResults,
  totalsOf,
  type Batches,
  type BatchKey,
  type BatchLine,
  type BatchState,
  type Counted,
  type Difference,
  type Totals,
} from "../../apps/acquirer/src/settlement/index.ts";
import { catalogue } from "@tillway/transactions";
import { committed, Memory, type Table } from "./memory.ts";

export type RegistryMemory = Registry & {
  /** MAC keys of the network link, the newest first. */
  readonly zaks: () => Promise<readonly string[]>;
  readonly keepZak: (block: string) => Promise<void>;
};

type Batch = {
  readonly state: BatchState;
  readonly told: Totals;
  readonly counted: Totals;
  readonly uploaded: readonly BatchLine[];
  readonly differences: readonly Difference[];
};

/** What stands of a batch in the store of payments. */
export type Lines = (key: BatchKey) => Promise<readonly (BatchLine & Counted)[]>;

export type Registered = {
  readonly registry: RegistryMemory;
  readonly batches: Batches;
  /** Batches by "terminal/batch". */
  readonly closed: Table<Batch>;
};

export function registryMemory(terminals: readonly Terminal[], lines: Lines): Registered {
  const memory = new Memory();
  const rows = memory.table<Terminal>();
  const zaks = memory.table<readonly string[]>();
  const closed = memory.table<Batch>();
  memory.commit(() => {
    for (const terminal of terminals) rows.set(terminal.tid, terminal);
  });
  const change = (tid: string, changed: (before: Terminal) => Partial<Terminal>): void => {
    const terminal = rows.get(tid);
    if (!terminal) throw new RangeError("no such terminal");
    rows.set(tid, { ...terminal, ...changed(terminal) });
  };
  const registry: RegistryMemory = {
    terminal: (tid) => Promise.resolve(rows.get(tid)),
    startSession: (tid, keys) =>
      committed(memory, () =>
        change(tid, ({ session }) => ({
          session: { version: (session?.version ?? 0) + 1, ...keys },
        })),
      ),
    endSession: (tid) => committed(memory, () => change(tid, () => ({ session: undefined }))),
    zaks: () => Promise.resolve(zaks.get("network") ?? []),
    keepZak: (block) =>
      committed(memory, () => {
        zaks.set("network", [block, ...(zaks.get("network") ?? [])].slice(0, 2));
      }),
  };
  return { registry, closed, batches: batchesOf(memory, rows, closed, { change, lines }) };
}

const nameOf = ({ terminal, batch }: BatchKey): string => `${terminal}/${batch}`;

function batchesOf(
  memory: Memory,
  rows: Table<Terminal>,
  closed: Table<Batch>,
  tools: {
    readonly change: (tid: string, changed: (before: Terminal) => Partial<Terminal>) => void;
    readonly lines: Lines;
  },
): Batches {
  const { change, lines } = tools;
  const close = (key: BatchKey, batch: Batch, differences: readonly Difference[]): void => {
    closed.set(nameOf(key), { ...batch, state: "closed", differences });
    change(key.terminal, () => ({ batch: nextBatch(key.batch), settling: false }));
  };
  return {
    settle: async (key, told) => {
      const counted = totalsOf(await lines(key));
      return memory.commit(() => {
        const known = closed.get(nameOf(key));
        if (known && (known.state === "closed" || sameTotals(known.told, told))) {
          const good = sameTotals(known.told, known.counted) && sameTotals(known.told, told);
          return good ? settlementResults.balanced : settlementResults.unbalanced;
        }
        if (rows.get(key.terminal)?.batch !== key.batch) return undefined;
        const good = sameTotals(told, counted);
        const state = good ? "balanced" : "unbalanced";
        const uploaded = known?.uploaded ?? [];
        closed.set(nameOf(key), { state, told, counted, uploaded, differences: [] });
        change(key.terminal, () => ({ settling: true }));
        return good ? settlementResults.balanced : settlementResults.unbalanced;
      });
    },
    upload: (key, records) =>
      committed(memory, () => {
        const known = closed.get(nameOf(key));
        if (!known) return undefined;
        if (known.state === "closed") return true;
        const others = known.uploaded.filter(
          ({ trace }) => !records.some((record) => record.trace === trace),
        );
        closed.set(nameOf(key), { ...known, uploaded: [...others, ...records] });
        return true;
      }),
    uploadChip: (key) => Promise.resolve(closed.has(nameOf(key)) ? true : undefined),
    end: async (key) => {
      const standing = await lines(key);
      return memory.commit(() => {
        const known = closed.get(nameOf(key));
        if (!known || known.state === "closed") return known?.differences;
        const compared = known.state !== "balanced" || known.uploaded.length > 0;
        const counted = standing.filter(({ name }) => catalogue[name].total !== null);
        const differences = compared ? differencesOf(known.uploaded, counted) : [];
        close(key, known, differences);
        return differences;
      });
    },
    current: (key) =>
      committed(memory, () => {
        const open = rows.get(key.terminal)?.batch ?? key.batch;
        const known = closed.get(nameOf({ ...key, batch: open }));
        if (known?.state !== "balanced") return open;
        close({ ...key, batch: open }, known, []);
        return nextBatch(open);
      }),
  };
}
