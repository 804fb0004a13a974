import { concat } from "@tillway/bytes";
import type { AesTerminal } from "../dukpt-aes.ts";
import type { DukptRegisters } from "../dukpt-registers.ts";
import type { TdesTerminal } from "../dukpt-tdes.ts";

/** A terminal's registers of either kind. */
export type Terminal =
  | { readonly algorithm: "tdes"; readonly terminal: TdesTerminal }
  | { readonly algorithm: "aes"; readonly terminal: AesTerminal };

/**
 * Registers as bytes: kind and key length, identity, counter (8 bytes: it may pass 32 bits), then
 * a byte and the key for each register.
 */
export function writeTerminal(state: Terminal): Uint8Array {
  const { registers } = state.terminal;
  const identity = state.algorithm === "tdes" ? state.terminal.ksn : state.terminal.id;
  const length = registers.keys.find((key) => key !== undefined)?.length ?? 0;
  const head = new Uint8Array(10);
  head.set([state.algorithm === "tdes" ? 0 : 1, length]);
  new DataView(head.buffer).setBigUint64(2, BigInt(registers.counter));
  const keys = registers.keys.map((key) =>
    key === undefined ? Uint8Array.of(0) : concat(Uint8Array.of(1), key),
  );
  return concat(head, identity, ...keys);
}

/** The reverse; the bytes come out of a seal, so they are what was written. */
export function readTerminal(bytes: Uint8Array): Terminal {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const counter = Number(view.getBigUint64(2));
  const length = view.getUint8(1);
  const tdes = view.getUint8(0) === 0;
  const start = 10 + (tdes ? 10 : 8);
  const identity = bytes.slice(10, start);
  const keys: (Uint8Array | undefined)[] = [];
  let at = start;
  while (at < bytes.length) {
    const present = bytes[at] === 1;
    keys.push(present ? bytes.slice(at + 1, at + 1 + length) : undefined);
    at += present ? 1 + length : 1;
  }
  const registers: DukptRegisters = { counter, keys };
  return tdes
    ? { algorithm: "tdes", terminal: { ksn: identity, registers } }
    : { algorithm: "aes", terminal: { id: identity, registers } };
}
