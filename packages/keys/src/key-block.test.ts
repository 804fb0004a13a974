import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "@tillway/bytes";
import fc from "fast-check";
import {
  deriveBlockKeys,
  type KeyBlockHeader,
  type KeyBlockVersion,
  unwrapKey,
  wrapKey,
} from "./index.ts";

const bytes = (...lengths: number[]): fc.Arbitrary<Uint8Array> =>
  fc
    .constantFrom(...lengths)
    .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));

const header = (version: KeyBlockVersion): fc.Arbitrary<KeyBlockHeader> =>
  fc.record({
    version: fc.constant(version),
    usage: fc.constantFrom("P0", "M3", "K0", "10"),
    algorithm: fc.constantFrom("T", "A", "H", "4"),
    mode: fc.constantFrom("B", "E", "N", "X"),
    keyVersion: fc.constantFrom("00", "12", "c1"),
    exportability: fc.constantFrom("E", "S", "N"),
    optional: fc.constantFrom("", "KS1800604B120F9292800000", "PB0812AB").map((text) =>
      // Whole cipher blocks: TDES counts 8 characters, AES in version D 16.
      version === "D" && text.length % 16 !== 0 ? `${text}PB080000` : text,
    ),
  });

const versions: readonly KeyBlockVersion[] = ["A", "B", "C", "D", "E"];

const wrapping = fc.constantFrom(...versions).chain((version) =>
  fc.record({
    header: header(version),
    protection: version === "D" || version === "E" ? bytes(16, 24, 32) : bytes(16, 24),
    key: bytes(8, 16, 24, 32, 256),
    fill: fc.nat(255),
  }),
);

const filling = (fill: number) => (length: number) => new Uint8Array(length).fill(fill);

test("what is wrapped comes out, with its header", () => {
  fc.assert(
    fc.property(wrapping, ({ header, protection, key, fill }) => {
      const block = wrapKey(protection, header, key, filling(fill));
      const found = unwrapKey(protection, block);
      assert.ok(found.ok);
      assert.deepEqual({ ...found.header }, { ...header });
      assert.deepEqual(found.key, key);
    }),
    { numRuns: 60 },
  );
});

test("a block with any character changed is refused", () => {
  fc.assert(
    fc.property(
      wrapping,
      fc.nat(),
      fc.constantFrom(..."0123456789ABCDEFabcdefGKNX -".split("")),
      ({ header, protection, key, fill }, place, character) => {
        const block = wrapKey(protection, header, key, filling(fill));
        const at = place % block.length;
        const changed = block.slice(0, at) + character + block.slice(at + 1);
        fc.pre(changed !== block);
        assert.equal(unwrapKey(protection, changed).ok, false);
      },
    ),
    { numRuns: 150 },
  );
});

test("a block is of its own version only", () => {
  fc.assert(
    fc.property(
      wrapping,
      fc.constantFrom(...versions),
      ({ header, protection, key, fill }, version) => {
        fc.pre(version !== header.version);
        const block = wrapKey(protection, header, key, filling(fill));
        assert.equal(unwrapKey(protection, version + block.slice(1)).ok, false);
      },
    ),
    { numRuns: 80 },
  );
});

test("the block of ISO 20038 Annex B.2 opens, and is made again", () => {
  const protection = new TextEncoder().encode("256-bit AES wrapping (ISO 20038)");
  const block =
    "E0084B0TV16N0000B2AE5E26BBA7F246E84D5EA24167E208A6B66EF2E27E55A52DB52F0AEACB94C57547";
  const found = unwrapKey(protection, block);
  assert.ok(found.ok);
  assert.deepEqual(found.key, new TextEncoder().encode("wrapped 3DES key"));
  assert.equal(wrapKey(protection, found.header, found.key, filling(0)), block);
});

test("a protection key of another length is refused, or thrown at where a block is made", () => {
  const found = unwrapKey(new Uint8Array(32), `B${"0".repeat(63)}`);
  assert.deepEqual(found, { ok: false, fault: "protection-key" });
  assert.throws(() => deriveBlockKeys("B", new Uint8Array(32)), RangeError);
  assert.throws(() => deriveBlockKeys("D", new Uint8Array(8)), RangeError);
});

test("another protection key and any other text are refused without throwing", () => {
  fc.assert(
    fc.property(wrapping, fc.string(), ({ header, protection, key, fill }, text) => {
      const block = wrapKey(protection, header, key, filling(fill));
      const other = protection.map((byte) => byte ^ 0x10);
      assert.deepEqual(unwrapKey(other, block), { ok: false, fault: "mac" });
      assert.equal(unwrapKey(protection, text).ok, false);
      assert.equal(unwrapKey(protection, block.slice(0, 16) + text).ok, false);
    }),
    { numRuns: 60 },
  );
});

test("a length that the MAC vouches for but the payload cannot hold is refused as such", () => {
  // Published rows whose MAC is right and whose key length is not.
  const protection = fromHex("45".repeat(16));
  const rows = [
    "B0064M3TC00E0000F74E0A3502C5CEE07342D5DE9E72135E4A81944F80691F0F",
    "D0080M3TC00E000007E81A7F29A870D4A0CD5AB27E9FEC4A8863E879B11EA3A0ADA406AD26D35B2F",
    "B0064M3TC00E00000398DC96A5DDB0EF61E26F8935173BD478DF9484050A672A",
  ];
  for (const row of rows) {
    assert.deepEqual(unwrapKey(protection, row), { ok: false, fault: "key" });
  }
});

test("a long optional block is read whether its length field counts characters or bytes", () => {
  const protection = fromHex("45".repeat(16));
  const key = fromHex("0123456789ABCDEFFEDCBA9876543210");
  for (const optional of ["CT00040020abcdefghijklmnopqrstuv", "CT00020020abcdefghijklmnopqrstuv"]) {
    const header: KeyBlockHeader = {
      version: "B",
      usage: "P0",
      algorithm: "T",
      mode: "B",
      keyVersion: "00",
      exportability: "N",
      optional,
    };
    const found = unwrapKey(protection, wrapKey(protection, header, key, filling(0)));
    assert.ok(found.ok);
    assert.equal(found.header.optional, optional);
    assert.deepEqual(found.key, key);
  }
});

test("optional blocks that are incomplete or fill no whole cipher block are not wrapped", () => {
  const header = {
    version: "D",
    usage: "P0",
    algorithm: "A",
    mode: "B",
    keyVersion: "00",
    exportability: "N",
  } as const;
  for (const optional of ["KS18", "KS0200", "PB080000", "KS1800604B120F92928000", "zz"]) {
    const wrap = (): string =>
      wrapKey(new Uint8Array(16), { ...header, optional }, new Uint8Array(16), filling(0));
    assert.throws(wrap, RangeError);
  }
});
