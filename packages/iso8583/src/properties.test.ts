import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  createFrameReader,
  cups,
  decode,
  describe,
  encode,
  FrameError,
  framingNames,
  keptFields,
  MessageError,
  readFrame,
  recognise,
  unionpayPos,
  writeFrame,
  type FieldDefinition,
  type Frame,
  type Message,
  type MessageErrorCode,
  type Spec,
} from "./index.ts";

const both: readonly Spec[] = [unionpayPos, cups];

const GBK_TEXT = "abc 019 收单通银联，。";

function textOf(characters: string, size: fc.StringConstraints): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...characters), ...size });
}

/** Content that a field can have, in the form in which it is decoded. */
function contentOf(field: FieldDefinition): fc.Arbitrary<string> {
  const fixed = field.prefix === undefined;
  const size = { minLength: fixed ? field.length : 0, maxLength: field.length };
  if (field.structure === "tlv") {
    const value = fc.uint8Array({ maxLength: 20 });
    const tag = fc.constantFrom("9F26", "9F10", "95", "5A", "DF31", "72");
    return fc
      .array(fc.tuple(tag, value), { maxLength: 8 })
      .map((objects) =>
        objects
          .map(([name, bytes]) => name + hex(Uint8Array.of(bytes.length)) + hex(bytes))
          .join(""),
      );
  }
  switch (field.content) {
    case "n":
      return textOf("0123456789", size);
    case "z":
      return textOf("0123456789ABCDEF", size);
    case "xn":
      return textOf("0123456789", { minLength: field.length - 1, maxLength: field.length - 1 }).map(
        (digits) => `C${digits}`,
      );
    case "b":
      return fc.uint8Array(size).map(hex);
    case "an":
    case "ans":
      if (field.encoding !== "gbk") return textOf("ABCxyz 019-./", size);
      // A fixed text is decoded with its blanks: half the length fits whatever it is made of.
      if (fixed) return textOf("ABCxyz 019-./", size);
      return textOf(GBK_TEXT, { maxLength: field.length >> 1 });
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

function messageOf(spec: Spec): fc.Arbitrary<Message> {
  const content: Record<string, fc.Arbitrary<string>> = {};
  for (const number of spec.numbers) {
    const definition = spec.definitions[Number(number)];
    if (definition !== undefined) content[number] = contentOf(definition);
  }
  return fc.record({
    mti: textOf("0123456789", { minLength: 4, maxLength: 4 }),
    fields: fc.record(content, { requiredKeys: [] }).map((fields) => {
      const present: Record<string, string> = {};
      for (const [key, value] of Object.entries(fields)) {
        if (value !== undefined) present[key] = value;
      }
      return present;
    }),
  });
}

function unlessRefused<T>(run: () => T, code?: MessageErrorCode): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof MessageError) || (code ?? error.code) !== error.code) throw error;
    assert.ok(error.offset >= 0);
    return undefined;
  }
}

for (const spec of both) {
  test(`any ${spec.name} message comes back from its bytes, and its bytes from it`, () => {
    fc.assert(
      fc.property(messageOf(spec), (message) => {
        const bytes = encode(spec, message);
        const decoded = decode(spec, bytes);
        assert.equal(decoded.mti, message.mti);
        assert.deepEqual(decoded.fields, message.fields);
        assert.deepEqual(encode(spec, decoded), bytes);
      }),
      { seed: 8583, numRuns: 150 },
    );
  });

  test(`random ${spec.name} bytes are decoded or refused by MessageError, and no other way`, () => {
    const noise = fc.uint8Array({ maxLength: 400 });
    const mutated = fc
      .tuple(messageOf(spec), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat())
      .map(([message, changes, cut]) => {
        const bytes = encode(spec, message);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return cut % 3 === 0 ? bytes.slice(0, cut % bytes.length) : bytes;
      });
    fc.assert(
      fc.property(fc.oneof(noise, mutated), (bytes) => {
        recognise(bytes);
        const decoded = unlessRefused(() => decode(spec, bytes));
        if (decoded === undefined) return;
        // What is decoded can be shown, kept and written again.
        assert.ok(describe(spec, decoded).length > 0);
        keptFields(spec, decoded);
        // Stars that came over the wire look like masking: writing them again is refused.
        const again = unlessRefused(() => encode(spec, decoded), "masked");
        if (again !== undefined) assert.deepEqual(decode(spec, again).fields, decoded.fields);
      }),
      { seed: 8583, numRuns: 300 },
    );
  });
}

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
    { seed: 8583, numRuns: 200 },
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
    { seed: 8583, numRuns: 300 },
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
