/** The terminal's data objects at the start of a transaction (Book 3 Annex A, source terminal). */
import { fromAscii, fromHex } from "@tillway/bytes";
import { TSI_LENGTH, TVR_LENGTH } from "../tvr.ts";
import type { KernelConfiguration } from "./configuration.ts";
import type { TransactionInput } from "./transaction.ts";

/** 9F33 byte 2: plaintext PIN for the card (bit 8) and enciphered PIN for the card (bit 5). */
const OFFLINE_PIN = 0x90;

/** Values by tag. Without `offlinePin` the capabilities do not offer one, whatever is configured. */
export function terminalData(
  { terminal }: KernelConfiguration,
  transaction: TransactionInput,
  offlinePin: boolean,
): Map<string, Uint8Array> {
  const other = transaction.otherAmount ?? "0";
  const capabilities = fromHex(terminal.capabilities).map((byte, at) =>
    at === 1 && !offlinePin ? byte & ~OFFLINE_PIN : byte,
  );
  const text = (value: string | undefined): Uint8Array | undefined =>
    value === undefined ? undefined : fromAscii(value);
  const data: [string, Uint8Array | undefined][] = [
    ["95", new Uint8Array(TVR_LENGTH)],
    ["9B", new Uint8Array(TSI_LENGTH)],
    ["9F34", fromHex("3F0000")],
    ["9F02", digits(transaction.amount, 6)],
    ["9F03", digits(other, 6)],
    ["81", binary(transaction.amount)],
    ["9F04", binary(other)],
    ["5F2A", digits(transaction.currency, 2)],
    ["5F36", digits(`${transaction.currencyExponent}`, 1)],
    ["9A", fromHex(transaction.date)],
    ["9F21", fromHex(transaction.time)],
    ["9C", fromHex(transaction.type)],
    ["9F37", fromHex(transaction.unpredictableNumber)],
    ["9F41", digits(transaction.sequence, 4)],
    ["9F1A", digits(terminal.country, 2)],
    ["9F33", capabilities],
    ["9F35", fromHex(terminal.type)],
    ["9F40", fromHex(terminal.additionalCapabilities)],
    ["9F39", fromHex("05")],
    ["9F1C", text(terminal.terminalId)],
    ["9F1E", text(terminal.serial)],
    ["9F16", text(terminal.merchantId)],
    ["9F4E", text(terminal.merchantName)],
    [
      "9F15",
      terminal.merchantCategory === undefined ? undefined : digits(terminal.merchantCategory, 2),
    ],
    ["9F01", terminal.acquirer === undefined ? undefined : digits(terminal.acquirer, 6)],
  ];
  const present = new Map<string, Uint8Array>();
  for (const [tag, value] of data) if (value !== undefined) present.set(tag, value);
  return present;
}

/** Decimal digits as a numeric value of `length` bytes, two digits a byte. */
export function digits(text: string, length: number): Uint8Array {
  return fromHex(text.padStart(length * 2, "0").slice(-length * 2));
}

/** An amount as a four-byte binary number, capped where it does not fit. */
export function binary(amount: string): Uint8Array {
  const most = 0xffffffffn;
  const value = BigInt(amount);
  return fromHex((value > most ? most : value).toString(16).padStart(8, "0"));
}

/** How a terminal may decide, by the second digit of its type (Book 4 Annex A1). */
export type Operation = "online-only" | "offline-capable" | "offline-only";

export function operationOf(type: string): Operation {
  switch (type.charAt(1)) {
    case "1":
    case "4":
      return "online-only";
    case "3":
    case "6":
      return "offline-only";
    default:
      return "offline-capable";
  }
}

/** Types of terminals nobody attends (Book 4 Annex A1). */
export function isUnattended(type: string): boolean {
  return ["4", "5", "6"].includes(type.charAt(1));
}

/** A machine of a financial institution that nobody attends may pay out cash (Annex A1). */
export function isCashMachine(type: string): boolean {
  return type.startsWith("1") && isUnattended(type);
}
