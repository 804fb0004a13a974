import { buffer } from "./buffer.ts";

/**
 * Memory for what is written. A message of its own costs the runtime more to allocate than to write,
 * so messages are views of shared blocks, as Node's small Buffers are: hand on the view, never its
 * `.buffer`.
 */

const BLOCK = 8192;

const source = new Int32Array(buffer.buffer, 0, buffer.length >> 2);
let block = new Int32Array(BLOCK >> 2);
let used = 0;

/** The first bytes of the buffer, at most a block of them. */
export function keep(size: number): Uint8Array {
  const words = (size + 3) >> 2;
  if (used + words > block.length) {
    block = new Int32Array(BLOCK >> 2);
    used = 0;
  }
  for (let index = 0; index < words; index += 1) block[used + index] = source[index] ?? 0;
  const kept = new Uint8Array(block.buffer, used << 2, size);
  used += words;
  return kept;
}
