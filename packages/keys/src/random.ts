/** Random bytes from the edge of the system. */
export type Random = (length: number) => Uint8Array;

const DRAWN = 4096;

/**
 * Random bytes drawn from a source some thousand at a time, as a call to the system costs more than
 * what it gives. No byte is given twice, and none is kept once it was given.
 */
export function drawnFrom(source: Random): Random {
  let drawn = new Uint8Array(0);
  let at = 0;
  return (length) => {
    if (length > DRAWN) return source(length);
    if (at + length > drawn.length) {
      drawn = source(DRAWN).slice();
      at = 0;
    }
    const given = drawn.slice(at, at + length);
    drawn.fill(0, at, at + length);
    at += length;
    return given;
  };
}
