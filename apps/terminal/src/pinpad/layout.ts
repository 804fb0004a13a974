/** Where the keys of the PIN pad are: three columns, four rows, and one wide key below them. */

/** Random bytes from a cryptographic source. */
export type Random = (length: number) => Uint8Array;

/** The digit of each of the ten digit cells, in the order of `digitCells`. */
export type Layout = Uint8Array;

export type Key =
  | { readonly kind: "digit"; readonly cell: number }
  | { readonly kind: "erase" | "enter" | "cancel" };

export const columns = 3;
export const rows = 5;

const grid: readonly (readonly Key[])[] = [
  [0, 1, 2].map((cell) => ({ kind: "digit", cell })),
  [3, 4, 5].map((cell) => ({ kind: "digit", cell })),
  [6, 7, 8].map((cell) => ({ kind: "digit", cell })),
  [{ kind: "erase" }, { kind: "digit", cell: 9 }, { kind: "enter" }],
  [{ kind: "cancel" }],
];

/** Every key with its place: fractions of the pad's width and height. */
export const places: readonly {
  readonly key: Key;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}[] = grid.flatMap((keys, row) =>
  keys.map((key, column) => ({
    key,
    x: column / keys.length,
    y: row / rows,
    width: 1 / keys.length,
    height: 1 / rows,
  })),
);

/** The key under a point, both coordinates from 0 up to 1. Undefined outside of the pad. */
export function keyAt(x: number, y: number): Key | undefined {
  if (!(x >= 0 && x < 1 && y >= 0 && y < 1)) return undefined;
  const keys = grid[Math.floor(y * rows)];
  return keys?.[Math.floor(x * keys.length)];
}

/** A fresh order of the ten digits; each of the 10! orders is equally likely. */
export function shuffledLayout(random: Random): Layout {
  const digits = Uint8Array.from({ length: 10 }, (_, digit) => digit);
  for (let last = 9; last > 0; last -= 1) {
    const other = below(last + 1, random);
    const kept = digits[last] ?? 0;
    digits[last] = digits[other] ?? 0;
    digits[other] = kept;
  }
  return digits;
}

/** A whole number from 0 to `bound` - 1, without the bias of a remainder. */
function below(bound: number, random: Random): number {
  const limit = 256 - (256 % bound);
  for (;;) {
    const [byte] = random(1);
    if (byte !== undefined && byte < limit) return byte % bound;
  }
}
