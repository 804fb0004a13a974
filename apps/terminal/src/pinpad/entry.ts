/** One entry of a PIN: the digits live here, in bytes that are overwritten when it is over. */

export const least = 4;
export const most = 12;

/** What a key did: nothing that matters outside, another count, or the end of the entry. */
export type Pressed = "nothing" | "count" | "enter" | "cancel";

export type Entry = {
  readonly digit: (digit: number) => Pressed;
  readonly erase: () => Pressed;
  /** Ends the entry where there are enough digits. */
  readonly enter: () => Pressed;
  readonly count: () => number;
  /**
   * Hands the digits over once, as bytes 0 to 9, and overwrites them when `use` is done, whatever
   * comes of it.
   */
  readonly take: <T>(use: (digits: Uint8Array) => Promise<T>) => Promise<T>;
  /** Overwrites the digits. */
  readonly wipe: () => void;
};

/** An entry of 4 to 12 digits (ISO 9564-1 §8.1). */
export function createEntry(): Entry {
  const digits = new Uint8Array(most);
  let count = 0;
  const wipe = (): void => {
    digits.fill(0);
    count = 0;
  };
  return {
    digit: (digit) => {
      if (count >= most || !Number.isInteger(digit) || digit < 0 || digit > 9) return "nothing";
      digits[count] = digit;
      count += 1;
      return "count";
    },
    erase: () => {
      if (count === 0) return "nothing";
      count -= 1;
      digits[count] = 0;
      return "count";
    },
    enter: () => (count >= least ? "enter" : "nothing"),
    count: () => count,
    take: async (use) => {
      try {
        return await use(digits.subarray(0, count));
      } finally {
        wipe();
      }
    },
    wipe,
  };
}
