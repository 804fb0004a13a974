/** What processes use, as the kernel counts it. */
import { readdirSync, readFileSync } from "node:fs";

/** CPU seconds so far, and resident memory in bytes. */
export type Usage = { readonly cpu: number; readonly resident: number };

const TICKS = 100;
const PAGE = 4096;

/** The fields of /proc/PID/stat behind the command's name; undefined where it is gone. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

const at = (fields: readonly string[], place: number): number => Number(fields[place] ?? "0");

/** Of one process, with what its children that ended took. */
export function usageOf(pid: number): Usage {
  const fields = statOf(pid);
  if (!fields) return { cpu: 0, resident: 0 };
  const ticks = at(fields, 11) + at(fields, 12) + at(fields, 13) + at(fields, 14);
  return { cpu: ticks / TICKS, resident: at(fields, 21) * PAGE };
}

/** Of a process and its children. Shared memory counts once for each: read `resident` with care. */
export function usageOfFamily(pid: number): Usage {
  const members = [pid, ...childrenOf(pid)].map(usageOf);
  return {
    cpu: members.reduce((sum, one) => sum + one.cpu, 0),
    resident: members.reduce((sum, one) => sum + one.resident, 0),
  };
}

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const fields = statOf(pid);
      return fields !== undefined && at(fields, 1) === parent;
    });
}
