/**
 * A backup as a sequence of named entries, each a stream of bytes: compressed (Zstandard), then
 * sealed (vault.ts). Inside: records of a type byte, a length of 4 bytes, and that many bytes.
 */
import { createReadStream, createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdCompress, createZstdDecompress } from "node:zlib";
import { BackupError, opening, sealing } from "./vault.ts";

const ENTRY = 1;
const DATA = 2;
const END = 3;
/** Longest record: what a reader keeps in memory. */
const MOST = 1 << 20;

export type ArchiveWriter = {
  /** Adds an entry; `content` is read to its end. */
  readonly add: (name: string, content: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Ends the archive; it is whole only after this. */
  readonly end: () => Promise<void>;
  readonly abort: () => void;
};

/** Writes an archive, readable by its owner alone. The file must not exist. */
export function createArchive(path: string, passphrase: string): ArchiveWriter {
  const compress = createZstdCompress();
  const file = createWriteStream(path, { flags: "wx", mode: 0o600, flush: true });
  const written = pipeline(compress, sealing(passphrase), file);
  // Told by `end`; until then a failure must not end the process.
  written.catch(() => undefined);
  const put = async (type: number, content: Uint8Array): Promise<void> => {
    const head = Buffer.alloc(5);
    head.writeUInt8(type, 0);
    head.writeUInt32BE(content.length, 1);
    compress.write(head);
    if (!compress.write(content)) await drained(compress, written);
  };
  return {
    add: async (name, content) => {
      await put(ENTRY, Buffer.from(name));
      for await (const chunk of content) {
        for (let at = 0; at < chunk.length; at += MOST) {
          await put(DATA, chunk.subarray(at, at + MOST));
        }
      }
    },
    end: async () => {
      await put(END, new Uint8Array(0));
      compress.end();
      await written;
    },
    abort: () => {
      compress.destroy();
    },
  };
}

/** Waits until a stream takes more; rejects where the pipeline behind it fails meanwhile. */
async function drained(
  stream: NodeJS.WritableStream & { readonly destroyed?: boolean },
  written: Promise<void>,
): Promise<void> {
  const more = new Promise<void>((resolve) => stream.once("drain", () => resolve()));
  await Promise.race([more, written]);
}

export type ArchiveEntry = {
  readonly name: string;
  /** To be read to its end before the next entry is asked for. */
  readonly content: AsyncIterable<Buffer>;
};

/** The entries of an archive, in order. Throws BackupError where it is not whole. */
export async function* readArchive(
  path: string,
  passphrase: string,
): AsyncGenerator<ArchiveEntry, void, void> {
  const decompress = createZstdDecompress();
  const read = pipeline(createReadStream(path), opening(passphrase), decompress);
  read.catch(() => undefined);
  const records = recordsOf(decompress);
  let record = await next(records, read);
  while (record.type === ENTRY) {
    const name = record.content.toString();
    let following: Item | undefined;
    const content = async function* (): AsyncGenerator<Buffer, void, void> {
      for (;;) {
        const part = await next(records, read);
        if (part.type !== DATA) {
          following = part;
          return;
        }
        yield part.content;
      }
    };
    const stream = content();
    yield { name, content: stream };
    // What the caller did not want is passed over.
    while ((await stream.next()).done !== true);
    if (!following) throw new BackupError("the backup is not in order");
    record = following;
  }
  if (record.type !== END) throw new BackupError("the backup is not in order");
  // The seal of the last frame is proved only when everything was read.
  if ((await records.next()).done !== true) throw new BackupError("the backup is not in order");
  await read;
}

type Item = { readonly type: number; readonly content: Buffer };

async function next(records: AsyncGenerator<Item, void, void>, read: Promise<void>): Promise<Item> {
  const found = await records.next();
  if (!found.done) return found.value;
  await read;
  throw new BackupError("the backup is cut off");
}

async function* recordsOf(stream: Readable): AsyncGenerator<Item, void, void> {
  let waiting: Buffer = Buffer.alloc(0);
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  const fill = async (length: number): Promise<boolean> => {
    const parts = [waiting];
    let have = waiting.length;
    while (have < length) {
      const chunk = await chunks.next();
      if (chunk.done === true) return false;
      parts.push(chunk.value);
      have += chunk.value.length;
    }
    if (parts.length > 1) waiting = Buffer.concat(parts);
    return true;
  };
  while (await fill(5)) {
    const type = waiting.readUInt8(0);
    const length = waiting.readUInt32BE(1);
    if (length > MOST) throw new BackupError("the backup is not in order");
    if (!(await fill(5 + length))) return;
    const content = Buffer.from(waiting.subarray(5, 5 + length));
    waiting = waiting.subarray(5 + length);
    yield { type, content };
  }
}
