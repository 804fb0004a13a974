/** Secret files of the data folder: whole or not there, on the disk once written, mode 0600. */

/** What is needed of `node:fs`. */
export type Files = {
  chmodSync(path: string, mode: number): void;
  closeSync(file: number): void;
  fsyncSync(file: number): void;
  linkSync(existing: string, path: string): void;
  mkdirSync(path: string, options: { recursive: true; mode: number }): unknown;
  openSync(path: string, flags: "r"): number;
  readFileSync(path: string): Uint8Array;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { force: true }): void;
  writeFileSync(
    path: string,
    content: Uint8Array | string,
    options: { mode: number; flush: true },
  ): void;
};

type Bytes = (length: number) => Uint8Array;

export type SecretFiles = {
  /** The bytes of a file, or undefined where it is missing. */
  readonly readIfThere: (path: string) => Uint8Array | undefined;
  /** Writes a file, also in place of another: a reader sees the old content or the new one. */
  readonly writeSecret: (path: string, content: Uint8Array | string) => void;
  /** A key file of 32 bytes; made from `random` where it is missing. Throws on another length. */
  readonly keyFile: (path: string, random: Bytes) => Uint8Array;
  /** A secret of one line; made by `make` where it is missing. */
  readonly secretText: (path: string, make: () => string) => string;
};

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

/** Secret files by means of `files`; `unique` gives bytes for names that no other writer has. */
export function secretFiles(files: Files, unique: Bytes): SecretFiles {
  const readIfThere = (path: string): Uint8Array | undefined => {
    try {
      return new Uint8Array(files.readFileSync(path));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  };
  /** With `keep`, a file that is there stays, also when another process makes it at this moment. */
  const write = (path: string, content: Uint8Array | string, keep: boolean): void => {
    const folder = path.slice(0, Math.max(path.lastIndexOf("/"), 0)) || ".";
    files.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const name = Array.from(unique(8), (byte) => byte.toString(16).padStart(2, "0"));
    const beside = `${path}.${name.join("")}`;
    try {
      files.writeFileSync(beside, content, { mode: 0o600, flush: true });
      // A link fails where the file is there already; a rename takes its place in one step.
      if (keep) files.linkSync(beside, path);
      else files.renameSync(beside, path);
    } catch (error) {
      if (!(keep && codeOf(error) === "EEXIST")) throw error;
    } finally {
      files.rmSync(beside, { force: true });
    }
    // Only with its folder on the disk will the file be found after a loss of power.
    const listing = files.openSync(folder, "r");
    try {
      files.fsyncSync(listing);
    } finally {
      files.closeSync(listing);
    }
  };
  const made = (path: string, make: () => Uint8Array | string): Uint8Array => {
    const known = readIfThere(path);
    if (known === undefined) write(path, make(), true);
    else closeToOthers(files, path);
    const content = known ?? readIfThere(path);
    if (content === undefined) throw new Error(`${path}: gone as soon as it was made`);
    return content;
  };
  return {
    readIfThere,
    writeSecret: (path, content) => write(path, content, false),
    keyFile: (path, random) => {
      const key = made(path, () => random(32));
      if (key.length !== 32) throw new Error(`${path}: a key file holds 32 bytes`);
      return key;
    },
    secretText: (path, make) => new TextDecoder().decode(made(path, () => `${make()}\n`)).trim(),
  };
}

/** Mode 0600, where this user may set it: a file that somebody else mounted stays as it is. */
function closeToOthers(files: Files, path: string): void {
  try {
    files.chmodSync(path, 0o600);
  } catch (error) {
    if (codeOf(error) !== "EPERM" && codeOf(error) !== "EROFS") throw error;
  }
}
