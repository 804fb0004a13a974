/** A picture of one bit a point as a PNG file, for screens and printers. */
import { crc32, deflateSync } from "node:zlib";
import { concat, fromAscii } from "@tillway/bytes";

const number = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};

/** Length, type, content, checksum (PNG §5.3). */
function chunk(type: string, content: Uint8Array): Uint8Array {
  const body = concat(fromAscii(type), content);
  return concat(number(content.length), body, number(crc32(body)));
}

/** `picture`: rows of `width / 8` bytes, set bits black. */
export function png(picture: Uint8Array, width: number, height: number): Uint8Array {
  const row = width / 8;
  const lines = Array.from({ length: height }, (_, at) =>
    concat(
      Uint8Array.of(0),
      // Greyscale of one bit: 0 is black.
      picture.slice(at * row, (at + 1) * row).map((byte) => ~byte & 0xff),
    ),
  );
  return concat(
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", concat(number(width), number(height), Uint8Array.of(1, 0, 0, 0, 0))),
    chunk("IDAT", new Uint8Array(deflateSync(concat(...lines)))),
    chunk("IEND", new Uint8Array(0)),
  );
}

/** The picture in twice its width and height. */
export function doubled(picture: Uint8Array, width: number): Uint8Array {
  const row = width / 8;
  const large = new Uint8Array(picture.length * 4);
  for (const [at, byte] of picture.entries()) {
    for (let bit = 0; bit < 8; bit += 1) {
      if ((byte & (0x80 >> bit)) === 0) continue;
      // Two points of one byte, in two lines.
      const column = (at % row) * 2 + (bit >> 2);
      const points = 0xc0 >> ((bit % 4) * 2);
      const top = Math.floor(at / row) * 2;
      for (const line of [top, top + 1]) {
        const place = line * row * 2 + column;
        large[place] = (large[place] ?? 0) | points;
      }
    }
  }
  return large;
}
