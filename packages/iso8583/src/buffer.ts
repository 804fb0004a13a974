/** Where a decoder stands. `contentAt` is where the content of the last read field began. */
export type Input = { readonly bytes: Uint8Array; at: number; contentAt: number };

/** Bytes being written; grows as needed. */
export class Output {
  bytes = new Uint8Array(512);
  at = 0;

  /** Makes room for `count` more bytes and returns where they go. */
  take(count: number): number {
    const from = this.at;
    this.at += count;
    if (this.at > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.at, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    return from;
  }

  done(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }
}
