/**
 * The sealed form of a backup: AES-256-GCM in frames, so that any length passes in little memory and
 * a frame that is changed, moved, left out or cut off at the end is noticed.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";

const MAGIC = Buffer.from("TILLWAY BACKUP 1\n");
const SALT = 16;
const TAG = 16;
const FRAME = 1 << 16;
/** scrypt's cost for a passphrase that a person chose: 64 MiB, about a tenth of a second. */
const COST = { N: 1 << 16, r: 8, p: 1, maxmem: 1 << 27 };

/** The backup is not one, was changed, or belongs to another passphrase. */
export class BackupError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BackupError";
  }
}

const keyOf = (passphrase: string, salt: Uint8Array): Buffer =>
  scryptSync(passphrase.normalize("NFC"), salt, 32, COST);

/** The nonce is the frame's number: a key seals one backup only, its salt being fresh. */
function nonceOf(frame: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(frame, 6, 6);
  return nonce;
}

/** What a frame's seal covers besides its content: whether it is the last one. */
const mark = (last: boolean): Buffer => Buffer.of(last ? 1 : 0);

/** Seals what passes. */
export function sealing(passphrase: string): Transform {
  const salt = randomBytes(SALT);
  const key = keyOf(passphrase, salt);
  let waiting: Buffer = Buffer.alloc(0);
  let frame = 0;
  const seal = (content: Buffer, last: boolean): Buffer => {
    const cipher = createCipheriv("aes-256-gcm", key, nonceOf(frame));
    frame += 1;
    cipher.setAAD(mark(last));
    const body = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length, 0);
    head.writeUInt8(last ? 1 : 0, 4);
    return Buffer.concat([head, body]);
  };
  let begun = false;
  const begin = (stream: Transform): void => {
    if (begun) return;
    begun = true;
    stream.push(MAGIC);
    stream.push(salt);
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      begin(this);
      waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
      while (waiting.length > FRAME) {
        this.push(seal(waiting.subarray(0, FRAME), false));
        waiting = waiting.subarray(FRAME);
      }
      done();
    },
    flush(done: TransformCallback) {
      begin(this);
      this.push(seal(waiting, true));
      done();
    },
  });
}

/** Opens what `sealing` made. Fails with BackupError before anything unproved is passed on. */
export function opening(passphrase: string): Transform {
  let waiting: Buffer = Buffer.alloc(0);
  let key: Buffer | undefined;
  let frame = 0;
  let ended = false;
  const open = (body: Buffer, last: boolean): Buffer => {
    const decipher = createDecipheriv("aes-256-gcm", key ?? "", nonceOf(frame));
    decipher.setAAD(mark(last));
    decipher.setAuthTag(body.subarray(body.length - TAG));
    try {
      const content = decipher.update(body.subarray(0, body.length - TAG));
      decipher.final();
      frame += 1;
      return content;
    } catch {
      throw new BackupError(
        frame === 0
          ? "the backup cannot be opened: another passphrase, or it was changed"
          : "the backup was changed after it was made",
      );
    }
  };
  const take = (stream: Transform): void => {
    if (key === undefined) {
      if (waiting.length < MAGIC.length + SALT) return;
      if (!waiting.subarray(0, MAGIC.length).equals(MAGIC)) {
        throw new BackupError("this file is no backup of Tillway");
      }
      key = keyOf(passphrase, waiting.subarray(MAGIC.length, MAGIC.length + SALT));
      waiting = waiting.subarray(MAGIC.length + SALT);
    }
    while (waiting.length >= 5) {
      const length = waiting.readUInt32BE(0);
      if (ended || length < TAG || length > FRAME + TAG) {
        throw new BackupError("the backup was changed after it was made");
      }
      if (waiting.length < 5 + length) return;
      const last = waiting.readUInt8(4) === 1;
      stream.push(open(waiting.subarray(5, 5 + length), last));
      waiting = waiting.subarray(5 + length);
      ended = last;
    }
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
      try {
        take(this);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error("the backup cannot be read"));
      }
    },
    flush(done: TransformCallback) {
      if (ended && waiting.length === 0) done();
      else
        done(new BackupError(key ? "the backup is cut off" : "this file is no backup of Tillway"));
    },
  });
}
