/** The network's store in memory. */
import type { MessageFields } from "@tillway/iso8583";
import type {
  Advice,
  Exchange,
  Member,
  NetworkStore,
} from "../../apps/issuer/src/network/index.ts";
import { committed, Memory, type Table } from "./memory.ts";

type KeptAdvice = Advice & {
  readonly state: "pending" | "undeliverable" | "acknowledged";
  readonly responseCode: string | undefined;
};

type KeptExchange = Exchange & { readonly late: MessageFields | undefined };

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
      ...advice,
      state: advice.to === undefined ? "undeliverable" : "pending",
      responseCode: undefined,
    });
  const end: NetworkStore["abandon"] = (ending, reversal) =>
    commit(() => {
      const { key, owner, state, responseCode, reply } = ending;
      const known = exchanges.get(key);
      if (known?.state !== "forwarded" || known.owner !== owner) return false;
      exchanges.set(key, { ...known, state, responseCode, reply });
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
        if (known) return { kind: "known", exchange: known };
        const reversed = advices
          .rows()
          .some(({ originalKey, mti }) => originalKey === exchange.key && mti === "0420");
        const ended = { state: "refused", responseCode: "22" } as const;
        exchanges.set(exchange.key, { ...exchange, ...(reversed ? ended : {}), late: undefined });
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
  return {
    take: (advice) => commit(() => (store(advice) ? undefined : advices.get(advice.key)?.digest)),
    due: (now, limit) =>
      Promise.resolve(
        advices
          .rows()
          .filter((one) => one.state === "pending" && one.dueAt <= now && isFirst(one, advices))
          .sort((one, other) => one.dueAt - other.dueAt || (one.key < other.key ? -1 : 1))
          .slice(0, limit),
      ),
    attempt: (keys, nextDue) =>
      commit(() => {
        for (const [at, key] of keys.entries()) {
          const known = advices.get(key);
          const dueAt = nextDue[at];
          if (!known || dueAt === undefined) continue;
          advices.set(key, { ...known, attempts: known.attempts + 1, dueAt });
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
        for (const [key, advice] of advices.entries()) {
          if (advice.state !== "pending" || advice.to !== institution) continue;
          if (advice.dueAt > now) advices.set(key, { ...advice, dueAt: now });
        }
      }),
  };
}

function exchangeVerbs(
  exchanges: Table<KeptExchange>,
  commit: <T>(run: () => T) => Promise<T>,
): Pick<NetworkStore, "find" | "reopen" | "late" | "expired"> {
  return {
    find: (key) => Promise.resolve(exchanges.get(key)),
    reopen: ({ key, owner, leaseUntil }) =>
      commit(() => {
        const known = exchanges.get(key);
        if (known?.state !== "timed-out") return false;
        exchanges.set(key, {
          ...known,
          state: "forwarded",
          owner,
          leaseUntil,
          responseCode: undefined,
        });
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
          .filter(({ state, leaseUntil }) => state === "forwarded" && leaseUntil < now)
          .sort((one, other) => one.leaseUntil - other.leaseUntil)
          .slice(0, limit),
      ),
  };
}

/** Whether no advice about the same message came before it and is still to be acknowledged. */
function isFirst(
  { originalKey, receivedAt, key }: KeptAdvice,
  advices: Table<KeptAdvice>,
): boolean {
  if (originalKey === undefined) return true;
  return !advices.rows().some((other) => {
    if (other.state !== "pending" || other.originalKey !== originalKey) return false;
    return other.receivedAt < receivedAt || (other.receivedAt === receivedAt && other.key < key);
  });
}
