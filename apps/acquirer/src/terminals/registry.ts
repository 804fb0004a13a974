/** The registry as the wire asks it: one terminal by its number, sign-in with fresh keys. */
import type { KeyBlock, SecurityModule } from "@tillway/keys";
import {
  workingKeyBlock,
  type KeyLayout,
  type KeySession,
  type SentKey,
  type Terminal,
} from "./terminal.ts";

/** Where terminals and their sessions are kept; PostgreSQL's form is `postgresRegistry`. */
export type Registry = {
  /** A terminal with its merchant and its newest key session. */
  readonly terminal: (tid: string) => Promise<Terminal | undefined>;
  /** Makes these the newest keys of a terminal, durably; the session before stays. */
  readonly startSession: (
    tid: string,
    keys: Pick<KeySession, "pik" | "mak" | "tdk">,
    at: number,
  ) => Promise<unknown>;
  /** Takes its newest keys away. */
  readonly endSession: (tid: string) => Promise<void>;
};

export type Terminals = {
  /** A terminal as known a moment ago; `fresh` reads it anew. Undefined: not registered. */
  readonly find: (tid: string, fresh?: boolean) => Promise<Terminal | undefined>;
  /** It is no longer as it was read. */
  readonly forget: (tid: string) => void;
  /** New working keys, stored before they are handed out. DE 62 of the reply. */
  readonly signIn: (terminal: Terminal, layout: KeyLayout) => Promise<string>;
  /** Takes the working keys away. */
  readonly signOff: (terminal: Terminal) => Promise<void>;
};

export type TerminalsOptions = {
  readonly registry: Registry;
  readonly module: SecurityModule;
  readonly now: () => number;
  /** How long a terminal that was read is taken as known (ms). */
  readonly knownMs: number;
};

/** Read terminals that nobody asked for are forgotten beyond this number. */
const MOST = 20_000;

type Cached = { readonly terminal: Promise<Terminal | undefined>; readonly until: number };

export function openTerminals(options: TerminalsOptions): Terminals {
  const { registry, module, now } = options;
  const cache = new Map<string, Cached>();
  const find = (tid: string, fresh = false): Promise<Terminal | undefined> => {
    const known = cache.get(tid);
    if (!fresh && known && known.until > now()) return known.terminal;
    const terminal = registry.terminal(tid);
    cache.delete(tid);
    if (cache.size >= MOST) {
      for (const oldest of cache.keys()) {
        cache.delete(oldest);
        break;
      }
    }
    const cached = { terminal, until: now() + options.knownMs };
    cache.set(tid, cached);
    // Numbers that are nobody's, and failures, are not remembered.
    const forget = (): void => {
      if (cache.get(tid) === cached) cache.delete(tid);
    };
    terminal.then((found) => (found ? undefined : forget()), forget);
    return terminal;
  };
  const signIn = async (terminal: Terminal, layout: KeyLayout): Promise<string> => {
    const keys = await workingKeys(module, terminal.tmk);
    const { pik, mak, tdk } = keys.blocks;
    await registry.startSession(terminal.tid, { pik, mak, tdk }, now());
    cache.delete(terminal.tid);
    return workingKeyBlock(layout, keys.sent);
  };
  const signOff = async ({ tid }: Terminal): Promise<void> => {
    await registry.endSession(tid);
    cache.delete(tid);
  };
  return { find, forget: (tid) => void cache.delete(tid), signIn, signOff };
}

type Three<T> = { readonly pik: T; readonly mak: T; readonly tdk: T };

/** Three fresh keys, as blocks for us and under the TMK for the terminal. Throws where refused. */
async function workingKeys(
  module: SecurityModule,
  tmk: KeyBlock,
): Promise<{ blocks: Three<KeyBlock>; sent: Three<SentKey> }> {
  const tdes = { do: "generate-key", algorithm: "tdes", exportable: true } as const;
  const [pik, mak, tdk] = await module.runAll([
    { ...tdes, usage: "P0", bytes: 16 },
    // The sign-in layout has room for a single-length MAC key (spec unionpay-pos §2.10).
    { ...tdes, usage: "M3", bytes: 8 },
    { ...tdes, usage: "D0", bytes: 16 },
  ]);
  if (!pik.ok) throw new Error(pik.message);
  if (!mak.ok) throw new Error(mak.message);
  if (!tdk.ok) throw new Error(tdk.message);
  const blocks = { pik: pik.key, mak: mak.key, tdk: tdk.key };
  const [one, two, three] = await module.runAll([
    { do: "export-ecb", key: blocks.pik, under: tmk },
    { do: "export-ecb", key: blocks.mak, under: tmk },
    { do: "export-ecb", key: blocks.tdk, under: tmk },
  ]);
  if (!one.ok) throw new Error(one.message);
  if (!two.ok) throw new Error(two.message);
  if (!three.ok) throw new Error(three.message);
  return { blocks, sent: { pik: one, mak: two, tdk: three } };
}
