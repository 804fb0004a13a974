import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { toHex } from "@tillway/bytes";

export type Key = { readonly name: string; readonly bytes: Uint8Array };

const CHUNK = 1 << 24;

/** The forms in which our code has bytes: as they are, in hex, and in base64 on the module's wire. */
function formsOf({ name, bytes }: Key): { readonly name: string; readonly form: Buffer }[] {
  const whole = Buffer.from(bytes);
  // The last characters of base64 depend on what follows.
  const base64 = whole.subarray(0, whole.length - (whole.length % 3)).toString("base64");
  return [whole, Buffer.from(toHex(bytes)), Buffer.from(base64)].map((form) => ({ name, form }));
}

/** Names of the keys that the memory of a process (Linux) that can be written holds. */
export function scanMemory(pid: number, keys: readonly Key[]): string[] {
  const forms = keys.flatMap(formsOf);
  const longest = Math.max(...forms.map(({ form }) => form.length));
  const found = new Set<string>();
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const buffer = Buffer.alloc(CHUNK + longest);
  for (const { from, to } of writable(pid)) {
    // Chunks overlap by the longest form, so that nothing is cut in two unseen.
    for (let at = from; at < to; at += CHUNK) {
      const wanted = Math.min(buffer.length, to - at);
      const read = readPart(memory, buffer, wanted, at);
      const part = buffer.subarray(0, read);
      for (const { name, form } of forms) if (part.includes(form)) found.add(name);
    }
  }
  closeSync(memory);
  return [...found];
}

type Region = { readonly from: number; readonly to: number };

/** proc(5): `from-to rw-p offset device inode name`, addresses in hex below 2^47. */
function writable(pid: number): Region[] {
  return readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .flatMap((line) => {
      const range = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      if (!range) return [];
      const [, from = "", to = ""] = range;
      return [{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) }];
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
