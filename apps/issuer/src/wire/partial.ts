/** What can still be read of a message that cannot be decoded, so that it can be answered. */
import { cups, decode, MessageError, type Decoded } from "@tillway/iso8583";

const MTI_LENGTH = 4;
const BITMAP_LENGTH = 8;

/**
 * The fields before the one that is wrong, with the message's type. Undefined where the type or the
 * bitmap itself cannot be read. Never throws.
 */
export function readablePart(payload: Uint8Array, error: MessageError): Decoded | undefined {
  if (error.code === "leftover") return attempt(payload.subarray(0, error.offset)).message;
  const [path = ""] = error.path;
  const wrong = /^\d{1,3}$/.test(path) ? Number.parseInt(path, 10) : 0;
  const announced = payload[MTI_LENGTH];
  if (wrong < 2 || announced === undefined) return undefined;
  // Of a Buffer, slice() would share the memory.
  const start = Uint8Array.from(payload);
  const bits = BITMAP_LENGTH * ((announced & 0x80) === 0 ? 8 : 16);
  for (let number = wrong; number <= bits; number += 1) {
    const at = MTI_LENGTH + ((number - 1) >> 3);
    start[at] = (start[at] ?? 0) & ~(0x80 >> ((number - 1) & 7));
  }
  // What follows the fields that can be read is left over now, and the error says from where.
  const first = attempt(start);
  if (first.message || first.leftoverAt === undefined) return first.message;
  return attempt(start.subarray(0, first.leftoverAt)).message;
}

function attempt(payload: Uint8Array): { message?: Decoded; leftoverAt?: number } {
  try {
    return { message: decode(cups, payload) };
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    return error.code === "leftover" ? { leftoverAt: error.offset } : {};
  }
}
