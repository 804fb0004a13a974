/** Commands and responses between terminal and card (ISO 7816-4, Book 1 §9.4, Book 3 §6). */
import { concat } from "@tillway/bytes";

/** A command; `le` is the expected length, 256 for a byte of 00, absent where none was sent. */
export type Command = {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Uint8Array;
  readonly le?: number;
};

/** A response: its data and its status word, for example 0x9000. */
export type Response = { readonly data: Uint8Array; readonly sw: number };

export const INS = {
  verify: 0x20,
  externalAuthenticate: 0x82,
  getChallenge: 0x84,
  internalAuthenticate: 0x88,
  select: 0xa4,
  getProcessingOptions: 0xa8,
  generateAc: 0xae,
  readRecord: 0xb2,
  getResponse: 0xc0,
  getData: 0xca,
} as const;

export const SW = {
  ok: 0x9000,
  invalidated: 0x6283,
  authenticationFailed: 0x6300,
  wrongLength: 0x6700,
  securityStatus: 0x6982,
  blocked: 0x6983,
  notUsable: 0x6984,
  conditions: 0x6985,
  wrongData: 0x6a80,
  functionNotSupported: 0x6a81,
  fileNotFound: 0x6a82,
  recordNotFound: 0x6a83,
  wrongParameters: 0x6a86,
  notFound: 0x6a88,
  instruction: 0x6d00,
  class: 0x6e00,
} as const;

/**
 * A short command read from bytes: cases 1, 2, 3 and 4 of ISO 7816-3. Undefined for anything else,
 * extended lengths included, which contact cards of EMV do not use.
 */
export function parseCommand(bytes: Uint8Array): Command | undefined {
  const [cla, ins, p1, p2, p3] = bytes;
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) {
    return undefined;
  }
  const header = { cla, ins, p1, p2 };
  if (p3 === undefined) return { ...header, data: new Uint8Array(0) };
  if (bytes.length === 5) return { ...header, data: new Uint8Array(0), le: p3 === 0 ? 256 : p3 };
  if (p3 === 0) return undefined;
  const data = bytes.slice(5, 5 + p3);
  if (bytes.length === 5 + p3) return { ...header, data };
  const le = bytes[5 + p3];
  if (bytes.length !== 6 + p3 || le === undefined) return undefined;
  return { ...header, data, le: le === 0 ? 256 : le };
}

/** A command as bytes. Throws RangeError where the data is longer than 255 bytes. */
export function encodeCommand(command: Command): Uint8Array {
  if (command.data.length > 255) throw new RangeError("command data is longer than 255 bytes");
  const header = Uint8Array.of(command.cla, command.ins, command.p1, command.p2);
  const body =
    command.data.length === 0
      ? command.data
      : concat(Uint8Array.of(command.data.length), command.data);
  const le = command.le === undefined ? new Uint8Array(0) : Uint8Array.of(command.le & 0xff);
  return concat(header, body, le);
}

/** A response read from bytes; undefined where there is no status word. */
export function parseResponse(bytes: Uint8Array): Response | undefined {
  const [high, low] = bytes.subarray(-2);
  if (high === undefined || low === undefined) return undefined;
  return { data: bytes.slice(0, -2), sw: (high << 8) | low };
}

/** A response as bytes: data, then the status word. */
export function encodeResponse(sw: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concat(data, Uint8Array.of(sw >> 8, sw & 0xff));
}
