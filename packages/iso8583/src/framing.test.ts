import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromAscii, fromHex, toHex } from "@tillway/bytes";
import fc from "fast-check";
import {
  buildCupsHeader,
  createFrameReader,
  FrameError,
  keepAliveFrame,
  parseCupsHeader,
  readFrame,
  writeFrame,
  type Frame,
  type FramingName,
} from "./index.ts";

const pos: Frame = { tpdu: "6000030000", header: "60310031110E", payload: fromHex("0820AABB") };

function refusal(run: () => unknown): FrameError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof FrameError, String(error));
    return error;
  }
  return assert.fail("nothing was refused");
}

test("each framing writes what it is named after", () => {
  const bytes = (framing: FramingName): string => toHex(writeFrame(framing, pos));
  assert.equal(bytes("none"), "0820AABB");
  assert.equal(bytes("2be"), "00040820AABB");
  assert.equal(bytes("2be-tpdu"), "000960000300000820AABB");
  assert.equal(bytes("2be-tpdu-header6"), "000F600003000060310031110E0820AABB");
  assert.equal(bytes("tpdu-header6"), "600003000060310031110E0820AABB");
  assert.equal(bytes("4ascii"), "303030340820AABB");
  assert.equal(bytes("2bcd"), "00040820AABB");
  const long = { payload: new Uint8Array(1234) };
  assert.equal(toHex(writeFrame("2bcd", long)).slice(0, 4), "1234");
  assert.equal(toHex(writeFrame("2be", long)).slice(0, 4), "04D2");
});

test("every split of a stream of two frames and a keep-alive gives the same", () => {
  const silence = keepAliveFrame("2be-tpdu-header6");
  assert.ok(silence);
  const one = writeFrame("2be-tpdu-header6", pos);
  const stream = concat(one, silence, one);
  for (let first = 0; first <= stream.length; first += 1) {
    for (let second = first; second <= stream.length; second += 1) {
      const reader = createFrameReader("2be-tpdu-header6", { maximum: 15 });
      const frames = [
        ...reader.push(stream.subarray(0, first)),
        ...reader.push(stream.subarray(first, second)),
        ...reader.push(stream.subarray(second)),
      ];
      assert.deepEqual(frames, [pos, pos]);
      assert.equal(reader.pending, 0);
      assert.equal(reader.keepAlives, 1);
    }
  }
});

test("a frame over the limit is refused as soon as its length is known, with the frames before it", () => {
  const reader = createFrameReader("2be", { maximum: 4 });
  const error = refusal(() => reader.push(fromHex("0004AABBCCDD0005")));
  assert.equal(error.code, "too-long");
  assert.deepEqual(error.frames, [{ payload: fromHex("AABBCCDD") }]);
  assert.equal(refusal(() => reader.push(fromHex("0001AA"))).code, "too-long");
  assert.equal(reader.pending, 0);
});

test("what a reader holds stays within the limit", () => {
  const reader = createFrameReader("4ascii", { maximum: 100 });
  reader.push(fromAscii("0100"));
  for (let count = 0; count < 99; count += 1) {
    assert.deepEqual(reader.push(Uint8Array.of(1)), []);
    assert.ok(reader.pending <= 104);
  }
  const frames = reader.push(new Uint8Array(1000).fill(0x30));
  assert.equal(frames.length, 1);
  assert.equal(reader.keepAlives, 249, "the zeros after it are keep-alives");
  assert.ok(reader.pending < 4);
});

test("broken frames have codes", () => {
  const code = (framing: FramingName, bytes: Uint8Array): string =>
    refusal(() => createFrameReader(framing, { maximum: 99 }).push(bytes)).code;
  assert.equal(code("2be-tpdu", fromHex("0004")), "too-short");
  assert.equal(code("tpdu-header6", fromHex("6000")), "too-short");
  assert.equal(code("4ascii", fromAscii("00a0")), "length");
  assert.equal(code("2bcd", fromHex("001A")), "length");
  assert.equal(code("cups46", fromHex("2F")), "header");
  assert.equal(code("cups46", fromAscii("0001")), "header");
  assert.equal(code("cups46", fromHex("2E0230303034")), "too-short");
  assert.equal(refusal(() => readFrame("2be", fromHex("0002AA"))).code, "short");
  assert.equal(refusal(() => readFrame("2be", fromHex("0001AABB"))).code, "leftover");
  assert.equal(refusal(() => readFrame("2be", fromHex("0000"))).code, "too-short");
  assert.equal(refusal(() => readFrame("none", new Uint8Array())).code, "short");
  assert.equal(refusal(() => writeFrame("2be-tpdu", { payload: pos.payload })).code, "header");
  const huge = { payload: new Uint8Array(10_000) };
  assert.equal(refusal(() => writeFrame("4ascii", huge)).code, "too-long");
  assert.equal(writeFrame("2be", huge).length, 10_002);
});

test("a cups header carries both institutions and the length of all", () => {
  const header = buildCupsHeader({ destination: "00010000", source: "48021000" });
  assert.equal(header.length, 92);
  const bytes = writeFrame("cups46", { header, payload: fromAscii("0800") });
  assert.equal(
    toHex(bytes),
    "2E02" +
      "30303530" +
      "3030303130303030202020" +
      "3438303231303030202020" +
      "00000000" +
      "3030303030303030" +
      "00" +
      "3030303030" +
      "30383030",
  );
  const frame = readFrame("cups46", bytes);
  assert.equal(frame.payload.length, 4);
  assert.deepEqual(parseCupsHeader(frame.header ?? ""), {
    version: "02",
    destination: "00010000",
    source: "48021000",
    reserved: "000000",
    batch: "00",
    transactionInformation: "00000000",
    userInformation: "00",
    rejectCode: "00000",
  });
  assert.equal(refusal(() => parseCupsHeader("2E")).code, "header");
  const tooLong = { destination: "123456789012", source: "1" };
  assert.equal(refusal(() => buildCupsHeader(tooLong)).code, "header");
  const reader = createFrameReader("cups46", { maximum: 100 });
  const silence = keepAliveFrame("cups46");
  assert.ok(silence);
  assert.equal(reader.push(concat(silence, bytes, silence)).length, 1);
  assert.equal(reader.keepAlives, 2);
});

test("any header of the institution interface is read and made again, or refused", () => {
  const header = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ minLength: 46, maxLength: 46 }),
    // Characters that the places for text may hold.
    fc.array(fc.integer({ min: 0x20, max: 0x7e }), { minLength: 46, maxLength: 46 }),
  );
  fc.assert(
    fc.property(header, (bytes) => {
      const hex = Buffer.from(bytes).toString("hex").toUpperCase();
      try {
        const values = parseCupsHeader(hex);
        assert.deepEqual(parseCupsHeader(buildCupsHeader(values)), values);
      } catch (error) {
        assert.ok(error instanceof FrameError && error.code === "header", String(error));
      }
    }),
  );
});
