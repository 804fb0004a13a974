/** Secret files of the data folder: made at first start, readable by their owner alone. */
import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createSoftwareModule, type SecurityModule } from "@tillway/keys";

type Bytes = (length: number) => Uint8Array;

/**
 * Writes a file that must not be half there after a crash, mode 0600. With `keep`, a file that is
 * there already stays as it is, also when another process makes it at the same moment.
 */
export function writeSecret(path: string, content: Uint8Array | string, keep = false): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(beside, content, { mode: 0o600, flush: true });
  try {
    // A link fails where the file is there already; a rename takes its place in one step.
    if (keep) linkSync(beside, path);
    else renameSync(beside, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    rmSync(beside, { force: true });
  }
}

/** The bytes of a file, or undefined where it is missing. */
export function readIfThere(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** A key file of 32 bytes; made from `random` where it is missing. Throws on another length. */
export function keyFile(path: string, random: Bytes): Uint8Array {
  if (readIfThere(path) === undefined) writeSecret(path, random(32), true);
  const key = readIfThere(path);
  if (key?.length !== 32) throw new Error(`${path}: a key file holds 32 bytes`);
  return key;
}

/** The security module of this installation, with the master key of its data folder. */
export function openModule(data: string, random: Bytes): SecurityModule {
  const masterKey = keyFile(join(data, "acquirer", "master.key"), random);
  return createSoftwareModule({ masterKey, random });
}
