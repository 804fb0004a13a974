import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { scan, type Finding, type Secret } from "./scan.ts";

const CHUNK = 1 << 24;

/** Where the memory of a process (Linux) that can be written holds one of the secrets. */
export function scanMemory(pid: number, secrets: readonly Secret[]): Finding[] {
  const longest = Math.max(...secrets.map(({ bytes }) => (bytes?.length ?? 0) * 2));
  const findings: Finding[] = [];
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const buffer = Buffer.alloc(CHUNK + longest);
  for (const { from, to, name } of writable(pid)) {
    // Chunks overlap by the longest form, so that nothing is cut in two unseen.
    for (let at = from; at < to; at += CHUNK) {
      const wanted = Math.min(buffer.length, to - at);
      const read = readPart(memory, buffer, wanted, at);
      findings.push(...scan(`${pid} ${name}`, buffer.subarray(0, read), secrets));
    }
  }
  closeSync(memory);
  return findings;
}

type Region = { readonly from: number; readonly to: number; readonly name: string };

/** proc(5): `from-to rw-p offset device inode name`, addresses in hex below 2^47. */
function writable(pid: number): Region[] {
  return readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .flatMap((line) => {
      const found = /^([0-9a-f]+)-([0-9a-f]+) rw.. \S+ \S+ \S+ *(.*)$/.exec(line);
      if (!found) return [];
      const [, from = "", to = "", name = ""] = found;
      return [{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16), name }];
    });
}

/** Regions come and go while they are read: what is gone holds nothing. */
function readPart(memory: number, buffer: Buffer, length: number, at: number): number {
  try {
    return readSync(memory, buffer, 0, length, at);
  } catch {
    return 0;
  }
}
