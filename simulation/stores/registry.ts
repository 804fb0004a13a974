/** The acquirer's registry in memory: terminals, their key sessions, MAC keys of its link. */
import type { Registry, Terminal } from "../../apps/acquirer/src/terminals/index.ts";
import { committed, Memory } from "./memory.ts";

export type RegistryMemory = Registry & {
  /** MAC keys of the network link, the newest first. */
  readonly zaks: () => Promise<readonly string[]>;
  readonly keepZak: (block: string) => Promise<void>;
};

export function registryMemory(terminals: readonly Terminal[]): RegistryMemory {
  const memory = new Memory();
  const rows = memory.table<Terminal>();
  const zaks = memory.table<readonly string[]>();
  memory.commit(() => {
    for (const terminal of terminals) rows.set(terminal.tid, terminal);
  });
  return {
    terminal: (tid) => Promise.resolve(rows.get(tid)),
    startSession: (tid, session) =>
      committed(memory, () => {
        const terminal = rows.get(tid);
        if (!terminal) throw new RangeError("no such terminal");
        const version = (terminal.session?.version ?? 0) + 1;
        rows.set(tid, { ...terminal, session: { version, ...session } });
      }),
    zaks: () => Promise.resolve(zaks.get("network") ?? []),
    keepZak: (block) =>
      committed(memory, () => {
        zaks.set("network", [block, ...(zaks.get("network") ?? [])].slice(0, 2));
      }),
  };
}
