/** The network's store in memory. */
import type { MessageFields } from "@tillway/iso8583";
import type {
  Advice,
  Exchange,
  Member,
  NetworkStore,
} from "../../apps/issuer/src/network/index.ts";
import { committed, Memory, type Table } from "./memory.ts";

type KeptAdvice = {
  readonly advice: Advice;
  readonly state: "pending" | "undeliverable" | "acknowledged";
  readonly responseCode: string | undefined;
};

type KeptExchange = {
  readonly exchange: Exchange;
  /** An answer that came when nobody waited any more. */
  readonly late: MessageFields | undefined;
};

/** Card number prefixes have 4 to 8 digits (ISO/IEC 7812-1); the longest that is known wins. */
const PREFIX_LENGTHS = [8, 7, 6, 5, 4];

export type NetworkMemory = NetworkStore & {
  readonly memory: Memory;
  readonly exchanges: Table<KeptExchange>;
  readonly advices: Table<KeptAdvice>;
};

export function networkMemory(
  members: readonly Member[],
  routes: ReadonlyMap<string, string>,
): NetworkMemory {
  const memory = new Memory();
  const exchanges = memory.table<KeptExchange>();
  const advices = memory.table<KeptAdvice>();
  const traces = memory.table<number>();
  const commit = <T>(run: () => T): Promise<T> => committed(memory, run);
  const store = (advice: Advice): boolean =>
    advices.add(advice.key, {
      advice,
      state: advice.to === undefined ? "undeliverable" : "pending",
      responseCode: undefined,
    });
  const end: NetworkStore["abandon"] = (ending, reversal) =>
    commit(() => {
      const { key, owner, state, responseCode, reply } = ending;
      const known = exchanges.get(key);
      const { exchange } = known ?? {};
      if (exchange?.state !== "forwarded" || exchange.owner !== owner) return false;
      exchanges.set(key, {
        late: known?.late,
        exchange: { ...exchange, state, responseCode, reply },
      });
      if (reversal) store(reversal);
      return true;
    });
  return {
    memory,
    exchanges,
    advices,
    member: (institution) =>
      Promise.resolve(members.find((member) => member.institution === institution)),
    issuerOf: (pan) => {
      const found = PREFIX_LENGTHS.flatMap((length) => routes.get(pan.slice(0, length)) ?? []);
      return Promise.resolve(found[0]);
    },
    open: (exchange) =>
      commit(() => {
        const known = exchanges.get(exchange.key);
        if (known) return { kind: "known", exchange: known.exchange };
        const reversed = advices
          .rows()
          .some(
            ({ advice: { originalKey, mti } }) => originalKey === exchange.key && mti === "0420",
          );
        const ended = { state: "refused", responseCode: "22" } as const;
        const opened = { ...exchange, ...(reversed ? ended : {}) };
        exchanges.set(exchange.key, { exchange: opened, late: undefined });
        return { kind: reversed ? "reversed" : "new" };
      }),
    ...exchangeVerbs(exchanges, commit),
    end: (ending) => end(ending, undefined),
    abandon: end,
    trace: () =>
      commit(() => {
        const next = ((traces.get("network") ?? 0) % 999_999) + 1;
        traces.set("network", next);
        return String(next).padStart(6, "0");
      }),
    ...adviceVerbs(advices, commit, store),
  };
}

function adviceVerbs(
  advices: Table<KeptAdvice>,
  commit: <T>(run: () => T) => Promise<T>,
  store: (advice: Advice) => boolean,
): Pick<NetworkStore, "take" | "due" | "attempt" | "acknowledge" | "wake"> {
  const pending = (): Advice[] =>
    advices.rows().flatMap(({ advice, state }) => (state === "pending" ? [advice] : []));
  const change = (key: string, changed: Partial<Advice>): void => {
    const known = advices.get(key);
    if (known) advices.set(key, { ...known, advice: { ...known.advice, ...changed } });
  };
  return {
    take: (advice) =>
      commit(() => (store(advice) ? undefined : advices.get(advice.key)?.advice.digest)),
    due: (now, limit) =>
      Promise.resolve(
        pending()
          .filter((one, _, all) => one.dueAt <= now && isFirst(one, all))
          .sort((one, other) => one.dueAt - other.dueAt || (one.key < other.key ? -1 : 1))
          .slice(0, limit),
      ),
    attempt: (keys, nextDue) =>
      commit(() => {
        for (const [at, key] of keys.entries()) {
          const attempts = (advices.get(key)?.advice.attempts ?? 0) + 1;
          change(key, { attempts, dueAt: nextDue[at] ?? 0 });
        }
      }),
    acknowledge: (key, code) =>
      commit(() => {
        const known = advices.get(key);
        if (known?.state !== "pending") return;
        advices.set(key, { ...known, state: "acknowledged", responseCode: code });
      }),
    wake: (institution, now) =>
      commit(() => {
        for (const { key, to, dueAt } of pending()) {
          if (to === institution && dueAt > now) change(key, { dueAt: now });
        }
      }),
  };
}

/** Whether none of these about the same message came before it. */
function isFirst({ originalKey, receivedAt, key }: Advice, pending: readonly Advice[]): boolean {
  if (originalKey === undefined) return true;
  return !pending.some(
    (other) =>
      other.originalKey === originalKey &&
      (other.receivedAt < receivedAt || (other.receivedAt === receivedAt && other.key < key)),
  );
}

function exchangeVerbs(
  exchanges: Table<KeptExchange>,
  commit: <T>(run: () => T) => Promise<T>,
): Pick<NetworkStore, "find" | "reopen" | "late" | "expired"> {
  return {
    find: (key) => Promise.resolve(exchanges.get(key)?.exchange),
    reopen: ({ key, owner, leaseUntil }) =>
      commit(() => {
        const known = exchanges.get(key);
        if (known?.exchange.state !== "timed-out") return false;
        const again = { state: "forwarded", owner, leaseUntil, responseCode: undefined } as const;
        exchanges.set(key, { ...known, exchange: { ...known.exchange, ...again } });
        return true;
      }),
    late: (key, reply) =>
      commit(() => {
        const known = exchanges.get(key);
        if (!known || known.late) return false;
        exchanges.set(key, { ...known, late: reply });
        return true;
      }),
    expired: (now, limit) =>
      Promise.resolve(
        exchanges
          .rows()
          .map(({ exchange }) => exchange)
          .filter(({ state, leaseUntil }) => state === "forwarded" && leaseUntil < now)
          .sort((one, other) => one.leaseUntil - other.leaseUntil)
          .slice(0, limit),
      ),
  };
}
