import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeCarefully, encodeCarefully } from "./careful.ts";
import { contentOf, damaged, hex, messageOf, outcome } from "./generators.test.ts";
import {
  createFrameReader,
  decode,
  describe,
  encode,
  FrameError,
  framingNames,
  keptFields,
  maskFields,
  readFrame,
  recognise,
  specs,
  varySpec,
  writeFrame,
  type Frame,
  type Spec,
} from "./index.ts";

const all: readonly Spec[] = [...specs.values()];

for (const spec of all) {
  test(`any ${spec.name} message comes back from its bytes, and its bytes from it`, () => {
    fc.assert(
      fc.property(messageOf(spec), (message) => {
        const bytes = encode(spec, message);
        const decoded = decode(spec, bytes);
        assert.equal(decoded.mti, message.mti);
        assert.deepEqual(decoded.fields, message.fields);
        assert.deepEqual(encode(spec, decoded), bytes);
        // The quick way and the careful way are one.
        assert.deepEqual(encodeCarefully(spec, message), bytes);
        assert.deepEqual(decodeCarefully(spec, bytes), { ...decoded });
      }),
      { numRuns: 100 },
    );
  });

  test(`random ${spec.name} bytes are decoded or refused by MessageError, and no other way`, () => {
    const noise = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(fc.oneof(noise, damaged(spec)), (bytes) => {
        recognise(bytes);
        const seen = outcome(() => ({ ...decode(spec, bytes) }));
        assert.deepEqual(
          seen,
          outcome(() => decodeCarefully(spec, bytes)),
        );
        if (Array.isArray(seen)) return;
        const decoded = decode(spec, bytes);
        // What is decoded can be shown, kept and written again.
        assert.ok(describe(spec, decoded).length > 0);
        keptFields(spec, decoded);
        // Stars that came over the wire look like masking: writing them again is refused.
        const again = outcome(() => encode(spec, decoded));
        assert.deepEqual(
          again,
          outcome(() => encodeCarefully(spec, decoded)),
        );
        if (again instanceof Uint8Array) {
          assert.deepEqual(decode(spec, again).fields, decoded.fields);
        } else assert.ok(Array.isArray(again) && again[0] === "masked");
      }),
      { numRuns: 200 },
    );
  });

  test(`content that a field of ${spec.name} cannot have is refused the same both ways`, () => {
    const text = fc.string({ maxLength: 45 });
    const numbers = fc.constantFrom(...spec.numbers, "1", "129", "03", "x");
    fc.assert(
      fc.property(messageOf(spec, 6), numbers, text, (message, number, value) => {
        const changed = { ...message, fields: { ...message.fields, [number]: value } };
        assert.deepEqual(
          outcome(() => encode(spec, changed)),
          outcome(() => encodeCarefully(spec, changed)),
        );
      }),
      { numRuns: 150 },
    );
  });

  test(`masking hides every card number and secret of ${spec.name}`, () => {
    fc.assert(
      fc.property(messageOf(spec, 8), (message) => {
        const decoded = decode(spec, encode(spec, message));
        const masked = maskFields(spec, decoded);
        for (const [number, value] of Object.entries(decoded.fields)) {
          const { privacy } = spec.definitions[Number(number)] ?? {};
          const shown = masked.fields[number] ?? "";
          if (privacy === "secret") assert.match(shown, /^\**$/);
          if (privacy === "pan" && value.length > 10) assert.notEqual(shown, value);
        }
      }),
      { numRuns: 60 },
    );
  });
}

test("settings in every combination give the message back: units, paddings, sides, prefixes", () => {
  const prefix = fc.record({
    digits: fc.constant(3),
    encoding: fc.constantFrom("bcd", "ascii", "ebcdic", "binary"),
    unit: fc.constantFrom("content", "bytes"),
  });
  const kinds = fc.constantFrom(
    ...(["n", "z"] as const).flatMap((content) =>
      (["bcd", "ascii", "ebcdic", "ebcdic-1047"] as const).map((encoding) => ({
        content,
        encoding,
      })),
    ),
    ...(["an", "ans"] as const).flatMap((content) =>
      (["ascii", "ebcdic", "gbk"] as const).map((encoding) => ({ content, encoding })),
    ),
    ...(["binary", "hex"] as const).map((encoding) => ({ content: "b", encoding }) as const),
    ...(["bcd", "ascii", "ebcdic"] as const).map(
      (encoding) => ({ content: "xn", encoding }) as const,
    ),
  );
  const name = { en: "x", zh: "x" };
  const field = fc
    .record({
      kind: kinds,
      length: fc.integer({ min: 2, max: 21 }),
      justify: fc.constantFrom("left", "right"),
      pad: fc.constantFrom("0", "F"),
      prefix: fc.option(prefix, { nil: undefined }),
    })
    .map(({ kind, prefix: told, ...rest }) => ({
      name,
      ...kind,
      ...rest,
      ...(told !== undefined && { prefix: told }),
    }));
  const base = varySpec(all[2] ?? assert.fail(), { name: "varied" });
  fc.assert(
    fc.property(
      field.chain((one) => fc.tuple(fc.constant(one), contentOf(one))),
      fc.constantFrom("ascii", "bcd", "ebcdic"),
      fc.constantFrom("binary", "hex", "hex-ebcdic"),
      ([one, content], mti, bitmap) => {
        // Bytes alone cannot tell an odd number of digits unless the spare nibble is F.
        const told = one.prefix?.unit === "bytes" && one.encoding === "bcd";
        if (told && one.content === "xn" && one.length % 2 === 0) return;
        const odd = told && one.content !== "xn" && one.pad === "0" && content.length % 2 === 1;
        const text = odd ? `0${content}` : content;
        // Nor a last digit F from a spare one.
        if (text.length > one.length || (told && /^F|F$/.test(text))) return;
        const spec = varySpec(base, { name: "varied", mti, bitmap, fields: { 48: one } });
        const bytes = encode(spec, { mti: "0200", fields: { "48": text } });
        assert.equal(decode(spec, bytes).fields["48"], text);
        assert.deepEqual(decodeCarefully(spec, bytes), { ...decode(spec, bytes) });
      },
    ),
    { numRuns: 600 },
  );
});

const header = (framing: string): { tpdu?: string; header?: string } => ({
  ...(framing.includes("tpdu") && { tpdu: "6000030000" }),
  ...(framing.includes("header6") && { header: "60310031110E" }),
  ...(framing === "cups46" && { header: `2E02${"30".repeat(4)}${"31".repeat(40)}` }),
});

const framed = framingNames.filter((name) => name !== "none" && name !== "tpdu-header6");

test("any frames come out of any chunks of their stream, in every framing", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...framed),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 90 }), { maxLength: 6 }),
      fc.array(fc.nat(60), { maxLength: 40 }),
      (framing, payloads, cuts) => {
        const frames: Frame[] = payloads.map((payload) => ({ ...header(framing), payload }));
        const stream = Buffer.concat(frames.map((frame) => writeFrame(framing, frame)));
        const reader = createFrameReader(framing, { maximum: 150 });
        const seen: Frame[] = [];
        let at = 0;
        for (const size of [...cuts, stream.length]) {
          seen.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
          assert.ok(reader.pending <= 154);
        }
        assert.deepEqual(
          seen.map(({ payload }) => hex(payload)),
          payloads.map(hex),
        );
        assert.equal(reader.pending, 0);
        for (const frame of seen) {
          assert.equal(frame.tpdu, header(framing).tpdu);
          assert.equal(frame.header?.slice(12), header(framing).header?.slice(12));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("random bytes on a connection give frames or FrameError, the same whatever the chunks", () => {
  const outcome = (framing: (typeof framed)[number], chunks: Uint8Array[]): string[] => {
    const reader = createFrameReader(framing, { maximum: 40 });
    const seen: string[] = [];
    for (const chunk of chunks) {
      try {
        seen.push(...reader.push(chunk).map(({ payload }) => hex(payload)));
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        seen.push(...error.frames.map(({ payload }) => hex(payload)), error.code);
        break;
      }
    }
    return seen;
  };
  fc.assert(
    fc.property(fc.constantFrom(...framed), noisyStream(), (framing, bytes) => {
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
      assert.deepEqual(outcome(framing, [bytes]), outcome(framing, single));
      for (const name of framingNames) {
        try {
          readFrame(name, bytes);
        } catch (error) {
          if (!(error instanceof FrameError)) throw error;
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** Bytes in which lengths often make sense, so that readers get past the first frame. */
function noisyStream(): fc.Arbitrary<Uint8Array> {
  const small = fc.integer({ min: 0, max: 30 }).map((size) => Uint8Array.of(0, size));
  const digits = fc.constantFrom("0000", "0003", "0050", "0046", "00x1");
  const text = digits.map((value) => Uint8Array.from(Buffer.from(value)));
  const chunk = fc.oneof(
    small,
    text,
    fc.uint8Array({ maxLength: 12 }),
    fc.constant(Uint8Array.of(46, 2)),
  );
  return fc.array(chunk, { maxLength: 20 }).map((chunks) => Uint8Array.from(Buffer.concat(chunks)));
}
