/** Terminal management as the desk and the API use it: what is told, asked, locked, kept. */
import { fromAscii, toHex } from "@tillway/bytes";
import type { Clock } from "@tillway/link";
import type { Database } from "../../db/index.ts";
import { listField, type DownloadObject, type ObjectKind } from "./objects.ts";
import { parameterField, resolve, type Resolved, type Scope } from "./parameters.ts";
import type { Task } from "./tasks.ts";
import * as store from "./store.ts";
import type { ManagedTerminal } from "./store.ts";

/** What the desk needs while a terminal speaks. */
export type TerminalSide = {
  /** DE 62 of the answer to a parameter download. */
  readonly parameterField: (tid: string) => Promise<string>;
  /** DE 62 of the answer to a query, when the terminal has `received` names already. */
  readonly list: (kind: ObjectKind, received: number) => Promise<string>;
  /** The object that this name stands for; undefined where there is none. */
  readonly object: (kind: ObjectKind, name: string) => Promise<string | undefined>;
  readonly finished: (tid: string, task: Task) => Promise<void>;
  readonly status: (
    tid: string,
    told: { readonly hardware: string | null; readonly software: string | null },
  ) => Promise<void>;
  /** The version that a terminal should have, as DE 62; undefined where it has it. */
  readonly wantedSoftware: (tid: string) => Promise<string | undefined>;
  /** Its keys are erased: it is refused until it is injected again. */
  readonly tampered: (tid: string) => Promise<void>;
};

/** What people do with terminals. */
export type OperatorSide = {
  readonly get: (tid: string) => Promise<ManagedTerminal | undefined>;
  readonly page: (query: {
    readonly after: string;
    readonly limit: number;
    readonly mid?: string | undefined;
  }) => Promise<ManagedTerminal[]>;
  readonly parameters: (tid: string) => Promise<Resolved[]>;
  readonly lock: (tid: string, locked: boolean) => Promise<"done" | "unknown" | "not-so">;
  readonly place: (tid: string, place: ManagedTerminal["place"]) => Promise<boolean>;
  readonly ask: (tid: string, task: Task) => Promise<boolean>;
  readonly wantSoftware: (tid: string, version: string) => Promise<boolean>;
  /** Sets a parameter for all terminals below a scope; null takes it away. False: no such owner. */
  readonly setParameter: (
    scope: Scope,
    owner: string,
    name: string,
    value: string | null,
  ) => Promise<boolean>;
  readonly setObjects: (kind: ObjectKind, objects: readonly DownloadObject[]) => Promise<boolean>;
};

export type Management = TerminalSide &
  OperatorSide & {
    /** Noted, and written down together with others. */
    readonly seen: (tid: string) => void;
    readonly close: () => Promise<void>;
  };

export type ManagementOptions = {
  readonly database: Database;
  readonly clock: Clock;
  /** A terminal is no longer as it was read: it must be read anew. */
  readonly onChange: (tid: string) => void;
  readonly onFault: (what: string, error: unknown) => void;
};

/** Last contacts are written down this often (ms), and beyond this number they are not kept. */
const SEEN_MS = 15_000;
const SEEN_MOST = 100_000;

export function openManagement(options: ManagementOptions): Management {
  const { note, close } = openSeen(options);
  return { ...terminalSide(options), ...operatorSide(options), seen: note, close };
}

const parametersOf = async (database: Database, tid: string): Promise<Resolved[]> =>
  resolve(await database.use((sql) => store.parametersFor(sql, tid)));

function terminalSide({ database, clock, onChange }: ManagementOptions): TerminalSide {
  return {
    parameterField: async (tid) => parameterField(await parametersOf(database, tid)),
    list: async (kind, received) =>
      listField(await database.use((sql) => store.objectNames(sql, kind)), received),
    object: (kind, name) => database.use((sql) => store.readObject(sql, kind, name)),
    finished: async (tid, task) => {
      await database.use((sql) => store.finishTask(sql, tid, task, clock.now()));
      onChange(tid);
    },
    status: (tid, told) => database.use((sql) => store.keepStatus(sql, tid, told)),
    wantedSoftware: async (tid) => {
      const found = await database.use((sql) => store.readManaged(sql, tid));
      const { wantedSoftware: wanted, software } = found ?? {};
      return wanted && wanted !== software ? toHex(fromAscii(wanted)) : undefined;
    },
    tampered: async (tid) => {
      await database.use((sql) => store.moveState(sql, tid, ["ready", "locked"], "tampered"));
      onChange(tid);
    },
  };
}

function operatorSide({ database, clock, onChange }: ManagementOptions): OperatorSide {
  const ask = async (scope: Scope, owner: string, task: Task): Promise<boolean> => {
    const asked = await database.use((sql) => store.askBelow(sql, scope, owner, task, clock.now()));
    for (const tid of asked) onChange(tid);
    return asked.length > 0;
  };
  return {
    get: (tid) => database.use((sql) => store.readManaged(sql, tid)),
    page: (query) => database.use((sql) => store.listManaged(sql, query)),
    parameters: (tid) => parametersOf(database, tid),
    lock: async (tid, locked) => {
      const [from, to] = locked ? (["ready", "locked"] as const) : (["locked", "ready"] as const);
      const result = await database.transaction(async (sql) => {
        if (await store.moveState(sql, tid, [from], to)) return "done";
        return (await store.readManaged(sql, tid)) ? "not-so" : "unknown";
      });
      onChange(tid);
      return result;
    },
    place: async (tid, place) => {
      const set = await database.use((sql) => store.setPlace(sql, tid, place));
      onChange(tid);
      return set;
    },
    ask: (tid, task) => ask("terminal", tid, task),
    wantSoftware: async (tid, version) => {
      const set = await database.use((sql) => store.setWantedSoftware(sql, tid, version));
      if (set) await ask("terminal", tid, "software");
      return set;
    },
    setParameter: async (scope, owner, name, value) => {
      const known = await database.transaction(async (sql) => {
        if (!(await store.ownerExists(sql, scope, owner))) return false;
        await store.putParameter(sql, scope, owner, name, value, clock.now());
        return true;
      });
      if (known) await ask(scope, owner, "parameters");
      return known;
    },
    setObjects: async (kind, objects) => {
      const different = await database.transaction((sql) =>
        store.putObjects(sql, kind, objects, clock.now()),
      );
      if (different) await ask("institution", "", kind === "ca-key" ? "ca-keys" : "applications");
      return different;
    },
  };
}

/** Collects last contacts and writes them down now and then: no write of their own per message. */
function openSeen({ database, clock, onFault }: ManagementOptions) {
  let waiting = new Map<string, number>();
  let timer: (() => void) | undefined;
  const write = async (): Promise<void> => {
    timer = undefined;
    const seen = [...waiting].map(([tid, at]) => ({ tid, at }));
    waiting = new Map();
    if (seen.length > 0) await database.use((sql) => store.keepSeen(sql, seen));
  };
  return {
    note: (tid: string): void => {
      if (waiting.size < SEEN_MOST) waiting.set(tid, clock.now());
      timer ??= clock.after(SEEN_MS, () => {
        write().catch((error: unknown) => onFault("last contacts could not be kept", error));
      });
    },
    close: async (): Promise<void> => {
      timer?.();
      await write().catch((error: unknown) => onFault("last contacts could not be kept", error));
    },
  };
}
