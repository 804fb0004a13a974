import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import fc from "fast-check";
import { aesTree } from "./dukpt-aes.ts";
import {
  type DukptRegisters,
  type DukptTree,
  isDukptCounter,
  loadRegisters,
  takeKey,
  walkTo,
} from "./dukpt-registers.ts";
import { tdesTree } from "./dukpt-tdes.ts";
import {
  type AesDukptKeyType,
  aesDukptKeyTypes,
  aesDukptUsages,
  aesInitialKey,
  aesTransactionKey,
  aesWorkingKey,
  ecbEncrypt,
  isAesKsn,
  isTdesKsn,
  nextAesKey,
  nextTdesKey,
  startAesTerminal,
  startTdesTerminal,
  tdesInitialKey,
  tdesTransactionKey,
  tdesWorkingKey,
} from "./index.ts";

const base = fromHex("0123456789ABCDEFFEDCBA9876543210");
const tdesKsn = fromHex("FFFF9876543210E00000");
const aesId = fromHex("1234567890123456");

test("a terminal's keys are the host's, of every counter that may be used and no other", () => {
  const small: DukptTree = {
    bits: 7,
    most: 3,
    step: (key, counter) => ecbEncrypt("aes", key, new Uint8Array(16).fill(counter)),
  };
  const initial = new Uint8Array(16).fill(7);
  let registers = loadRegisters(small, initial);
  const used: string[] = [];
  const counters: number[] = [];
  for (let next = takeKey(small, registers); next; next = takeKey(small, registers)) {
    assert.deepEqual(next.key, walkTo(small, initial, next.counter));
    used.push(toHex(next.key));
    counters.push(next.counter);
    registers = next.left;
    // What was used cannot be found in what is left, nor the initial key.
    const kept = registers.keys.flatMap((key) => (key === undefined ? [] : [toHex(key)]));
    assert.deepEqual(
      kept.filter((key) => used.includes(key) || key === toHex(initial)),
      [],
    );
  }
  const all = Array.from({ length: 128 }, (_, counter) => counter);
  assert.deepEqual(
    counters,
    all.filter((counter) => isDukptCounter(small, counter)),
  );
  // 7, 21 and 35 counters have one, two and three bits.
  assert.equal(new Set(used).size, 63);
  assert.throws(() => walkTo(small, initial, 0b1111), RangeError);
});

/** The registers that a terminal has left when this counter is next. */
function registersAt(tree: DukptTree, initial: Uint8Array, counter: number): DukptRegisters {
  let lowest = 1;
  while (Math.floor(counter / lowest) % 2 === 0) lowest *= 2;
  const keys = Array.from({ length: tree.bits }, (_, bit) => {
    const weight = 2 ** bit;
    if (weight === lowest) return walkTo(tree, initial, counter);
    const set = Math.floor(counter / weight) % 2 === 1;
    const reached = counter - (counter % weight) + weight;
    const usable = weight > lowest && !set && isDukptCounter(tree, reached);
    return usable ? walkTo(tree, initial, reached) : undefined;
  });
  return { counter, keys };
}

test("a TDES terminal counts to its last KSN and then has no key", () => {
  const initial = tdesInitialKey(base, tdesKsn);
  const registers = registersAt(tdesTree(tdesKsn), initial, 0x1ff000);
  let terminal = { ksn: tdesKsn, registers };
  const seen: string[] = [];
  for (let next = nextTdesKey(terminal); next; next = nextTdesKey(terminal)) {
    assert.deepEqual(next.key, tdesTransactionKey(initial, next.ksn));
    assert.ok(isTdesKsn(next.ksn));
    seen.push(toHex(next.ksn).slice(-6));
    terminal = next.left;
  }
  // 1FF000 has nine bits: twelve counters add one below them, 1FF800 as the last.
  assert.equal(seen.length, 13);
  assert.deepEqual([seen[0], seen.at(-1)], ["FFF000", "FFF800"]);
});

test("an AES terminal counts to its last KSN and then has no key", () => {
  for (const key of [base, new Uint8Array(24).fill(3), new Uint8Array(32).fill(9)]) {
    const initial = aesInitialKey(key, aesId);
    const registers = registersAt(aesTree(initial, aesId), initial, 0xfffe0000);
    let terminal = { id: aesId, registers };
    const seen: string[] = [];
    for (let next = nextAesKey(terminal); next; next = nextAesKey(terminal)) {
      assert.deepEqual(next.key, aesTransactionKey(initial, next.ksn));
      assert.ok(isAesKsn(next.ksn));
      seen.push(toHex(next.ksn).slice(16));
      terminal = next.left;
    }
    assert.equal(seen.length, 18);
    assert.deepEqual([seen[0], seen.at(-1)], ["FFFE0000", "FFFF0000"]);
  }
});

test("the first transactions of any device agree at both ends", () => {
  const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(bytes(16), bytes(10), bytes(32), fc.integer({ min: 1, max: 9 }), (...drawn) => {
      const [key, ksn, longKey, count] = drawn;
      const initial = tdesInitialKey(key, ksn);
      let tdes = startTdesTerminal(initial, ksn);
      const strong = aesInitialKey(longKey, ksn.subarray(0, 8));
      let aes = startAesTerminal(strong, ksn.subarray(0, 8));
      for (let at = 1; at <= count; at += 1) {
        const one = nextTdesKey(tdes);
        const other = nextAesKey(aes);
        assert.ok(one && other);
        assert.deepEqual(tdesTransactionKey(initial, one.ksn), one.key);
        assert.deepEqual(aesTransactionKey(strong, other.ksn), other.key);
        [tdes, aes] = [one.left, other.left];
      }
    }),
    { numRuns: 25 },
  );
});

test("keys of one transaction differ by what they are for", () => {
  const transaction = tdesTransactionKey(
    tdesInitialKey(base, tdesKsn),
    fromHex("FFFF9876543210E00001"),
  );
  const purposes = ["pin", "mac-request", "mac-response", "data-request", "data-response"] as const;
  const tdes = purposes.map((purpose) => toHex(tdesWorkingKey(transaction, purpose)));
  assert.equal(new Set([...tdes, toHex(transaction)]).size, 6);
  const ksn = fromHex("123456789012345600000001");
  const key = aesTransactionKey(aesInitialKey(base, aesId), ksn);
  const types = Object.keys(aesDukptKeyTypes) as AesDukptKeyType[];
  const usages = Object.keys(aesDukptUsages) as (keyof typeof aesDukptUsages)[];
  const aes = usages.flatMap((usage) =>
    types.map((type) => {
      const made = aesWorkingKey(key, ksn, usage, type);
      assert.equal(made.length * 8, aesDukptKeyTypes[type].bits);
      return toHex(made);
    }),
  );
  assert.equal(new Set(aes).size, types.length * usages.length);
});

test("a KSN whose counter no transaction has is refused", () => {
  for (const last of ["E00000", "FFFFFF", "E007FF"]) {
    const ksn = fromHex(`FFFF9876543210${last}`);
    assert.equal(isTdesKsn(ksn), false, last);
    assert.throws(() => tdesTransactionKey(base, ksn), RangeError);
  }
  for (const last of ["00000000", "0001FFFF", "FFFFFFFF"]) {
    const ksn = fromHex(`1234567890123456${last}`);
    assert.equal(isAesKsn(ksn), false, last);
    assert.throws(() => aesTransactionKey(base, ksn), RangeError);
  }
  assert.equal(isTdesKsn(new Uint8Array(9)), false);
  assert.equal(isAesKsn(new Uint8Array(11)), false);
});
