/** Files that must survive a crash, and secrets that only this user may read. */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/**
 * Replaces a file so that a reader sees the old content or the new one, never a part, and the new
 * one is on the disk when this returns.
 */
export function writeDurably(path: string, content: Uint8Array | string): void {
  const next = `${path}.next`;
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  const file = openSync(next, "w", 0o600);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The content of a file, or undefined where there is none. */
export function readIfThere(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** A secret of mode 0600, made by `make` the first time it is asked for. */
export function secretFile(path: string, make: () => Uint8Array | string): Uint8Array {
  const known = readIfThere(path);
  if (known !== undefined) {
    chmodSync(path, 0o600);
    return known;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeDurably(path, make());
  return new Uint8Array(readFileSync(path));
}

/** A key of 32 bytes in a file of its own. Throws where the file holds anything else. */
export function keyFile(path: string, random: (length: number) => Uint8Array): Uint8Array {
  const key = secretFile(path, () => random(32));
  if (key.length !== 32) throw new Error(`${path} is not a key file of 32 bytes`);
  return key;
}
