import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import fc from "fast-check";
import { encodeTlv, findTlv, flatten, isConstructed, parseTlv, TlvError, toStore } from "./tlv.ts";
import type { Tlv } from "./tlv.ts";

const encode = (node: Tlv): Uint8Array => encodeTlv(node.tag, node.value);

/** Trees of data objects: primitive ones and templates of them. */
const tags = fc.constantFrom("5A", "9F02", "95", "DF31", "9F8101");
const { node } = fc.letrec<{ node: { tag: string; bytes: Uint8Array } }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ tag: tags, bytes: fc.uint8Array({ maxLength: 300 }) }),
    fc
      .record({
        tag: fc.constantFrom("70", "BF0C"),
        inside: fc.array(tie("node"), { maxLength: 4 }),
      })
      .map(({ tag, inside }) => ({
        tag,
        bytes: Uint8Array.from(inside.flatMap((part) => [...encodeTlv(part.tag, part.bytes)])),
      })),
  ),
}));

describe("data objects", () => {
  test("an answer to SELECT comes apart into its templates", () => {
    const nodes = parseTlv(
      fromHex("6F268408A000000333010101A51A500E556E696F6E5061792044656269748701015F2D047A68656E"),
    );
    assert.deepEqual(
      flatten(nodes).map((entry) => [entry.tag, toHex(entry.value)]),
      [
        ["84", "A000000333010101"],
        ["50", "556E696F6E506179204465626974"],
        ["87", "01"],
        ["5F2D", "7A68656E"],
      ],
    );
    assert.equal(findTlv(nodes, "A5")?.children.length, 3);
    assert.equal(findTlv(nodes, "9F38"), undefined);
    assert.deepEqual([...toStore(nodes).keys()], ["84", "50", "87", "5F2D"]);
  });

  test("of a repeated tag the store keeps the first", () => {
    assert.deepEqual(toStore(parseTlv(fromHex("870101870102"))).get("87"), Uint8Array.of(1));
  });

  test("zero bytes between data objects are skipped", () => {
    assert.deepEqual(
      parseTlv(fromHex("0000870101008201FF00")).map((entry) => entry.tag),
      ["87", "82"],
    );
  });

  test("lengths take the shortest form and any allowed form is read", () => {
    assert.equal(toHex(encodeTlv("9A", new Uint8Array(127)).slice(0, 2)), "9A7F");
    assert.equal(toHex(encodeTlv("9A", new Uint8Array(128)).slice(0, 3)), "9A8180");
    assert.equal(toHex(encodeTlv("9A", new Uint8Array(256)).slice(0, 4)), "9A820100");
    assert.deepEqual(parseTlv(fromHex("9A820001AA"))[0]?.value, Uint8Array.of(0xaa));
  });

  for (const [what, hex, code, offset] of [
    ["a cut tag", "9F", "tag", 0],
    ["a tag without end", "9FFFFFFFFF01", "tag", 0],
    ["a missing length", "5A", "length", 1],
    ["an indefinite length", "5A80", "length", 1],
    ["a cut length", "5A8201", "length", 1],
    ["a value beyond the end", "5A0211", "value", 2],
    ["a child beyond its template", "70035A0211", "value", 4],
  ] as const) {
    test(`${what} is refused with its place`, () => {
      assert.throws(
        () => parseTlv(fromHex(hex)),
        (error: unknown) =>
          error instanceof TlvError && error.code === code && error.offset === offset,
      );
    });
  }

  test("nesting has a limit", () => {
    let bytes = fromHex("870101");
    for (let depth = 0; depth < 40; depth += 1) bytes = encodeTlv("70", bytes);
    assert.throws(() => parseTlv(bytes), { name: "TlvError", code: "depth" });
  });

  test("what is encoded parses to the same tree", () => {
    fc.assert(
      fc.property(node, ({ tag, bytes }) => {
        const [parsed, ...rest] = parseTlv(encodeTlv(tag, bytes));
        assert.ok(parsed);
        assert.equal(rest.length, 0);
        assert.equal(parsed.tag, tag);
        assert.deepEqual(parsed.value, bytes);
        if (isConstructed(tag)) {
          assert.equal(toHex(bytes), parsed.children.map(encode).map(toHex).join(""));
        }
      }),
      { numRuns: 200 },
    );
  });

  test("arbitrary bytes parse or give a TlvError, nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          parseTlv(bytes);
        } catch (error) {
          assert.ok(error instanceof TlvError);
          assert.ok(error.offset <= bytes.length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
