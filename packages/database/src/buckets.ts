/** How many stripes hot tables have; never changes once money is stored. */
export const BUCKETS = 64;

/**
 * The bucket (0..63) of a merchant or another owner of rows: FNV-1a over its UTF-8 bytes, folded.
 * Stored in keys, so it must give the same number for ever.
 */
export function bucketOf(owner: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(owner)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash ^ (hash >>> 16)) & (BUCKETS - 1);
}
