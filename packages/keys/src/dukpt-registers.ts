/**
 * The terminal's side of DUKPT, the same for TDES and AES (ANSI X9.24-1:2009 A.3, X9.24-3 §6.3.4):
 * a register for each bit of the counter holds the key from which that bit leads on. A key that was
 * used is gone, and what was used before cannot be computed from what is left.
 */
export type DukptRegisters = {
  /** The counter of the next transaction. */
  readonly counter: number;
  /** Register 0 is that of the lowest bit; undefined where it was used up. */
  readonly keys: readonly (Uint8Array | undefined)[];
};

/** One flavour of DUKPT: how far it counts, and its one-way step from key to key. */
export type DukptTree = {
  /** Bits of the counter: 21 for TDES, 32 for AES. */
  readonly bits: number;
  /** Bits that may be set in one counter: 10 and 16. Counters with more are left out. */
  readonly most: number;
  readonly step: (key: Uint8Array, counter: number) => Uint8Array;
};

/** Whether a transaction has this counter. */
export function isDukptCounter(tree: Pick<DukptTree, "bits" | "most">, counter: number): boolean {
  return (
    Number.isInteger(counter) &&
    counter > 0 &&
    counter < 2 ** tree.bits &&
    ones(counter) <= tree.most
  );
}

/** The registers of a terminal that was given its initial key. */
export function loadRegisters(tree: DukptTree, initialKey: Uint8Array): DukptRegisters {
  const keys = Array.from({ length: tree.bits }, (_, bit) => tree.step(initialKey, 2 ** bit));
  return { counter: 1, keys };
}

/**
 * The key of the next transaction, and the registers after it. Undefined where all are used: then
 * the terminal needs a new initial key.
 */
export function takeKey(
  tree: DukptTree,
  registers: DukptRegisters,
):
  | { readonly counter: number; readonly key: Uint8Array; readonly left: DukptRegisters }
  | undefined {
  const { counter } = registers;
  if (counter >= 2 ** tree.bits) return undefined;
  const lowest = lowestBit(counter);
  const key = registers.keys[lowest];
  if (key === undefined) throw new RangeError("registers without the key of their counter");
  const below = ones(counter) < tree.most;
  const keys = registers.keys.map((kept, bit) => {
    if (bit === lowest) return undefined;
    return bit < lowest ? (below ? tree.step(key, counter + 2 ** bit) : undefined) : kept;
  });
  // A counter with all the bits it may have is followed by the one that carries its lowest.
  return { counter, key, left: { counter: counter + (below ? 1 : 2 ** lowest), keys } };
}

/** The key of a counter from the initial key, as the host derives it. */
export function walkTo(tree: DukptTree, initialKey: Uint8Array, counter: number): Uint8Array {
  if (!isDukptCounter(tree, counter)) throw new RangeError("no transaction has this counter");
  let key = initialKey;
  let reached = 0;
  for (let bit = tree.bits - 1; bit >= 0; bit -= 1) {
    const weight = 2 ** bit;
    if (Math.floor(counter / weight) % 2 === 0) continue;
    reached += weight;
    key = tree.step(key, reached);
  }
  return key;
}

function ones(counter: number): number {
  return counter.toString(2).replaceAll("0", "").length;
}

function lowestBit(counter: number): number {
  return 31 - Math.clz32(counter & -counter);
}
