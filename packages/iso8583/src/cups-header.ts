import { fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { FrameError } from "./errors.ts";

/**
 * The 46-byte header of the institution interface (spec unionpay-pos §2.12). Field order and sizes
 * are public; the values of version, reserved, batch and transaction information are not, so they
 * are the caller's [U]. The total length counts header and message [U].
 */
export type CupsHeader = {
  /** Flag and version, 2 hex digits. */
  readonly version: string;
  /** Institution ids, up to 11 characters. */
  readonly destination: string;
  readonly source: string;
  /** 6 hex digits. */
  readonly reserved: string;
  /** 2 hex digits. */
  readonly batch: string;
  /** 8 characters. */
  readonly transactionInformation: string;
  /** 2 hex digits. */
  readonly userInformation: string;
  /** 5 digits; anything but zeros: the network refuses the message that follows. */
  readonly rejectCode: string;
};

export const CUPS_HEADER_SIZE = 46;

type HeaderPart = {
  readonly key: keyof CupsHeader | "headerLength" | "totalLength";
  readonly size: number;
  readonly form: "hex" | "text";
};

const layout: readonly HeaderPart[] = [
  { key: "headerLength", size: 1, form: "hex" },
  { key: "version", size: 1, form: "hex" },
  { key: "totalLength", size: 4, form: "text" },
  { key: "destination", size: 11, form: "text" },
  { key: "source", size: 11, form: "text" },
  { key: "reserved", size: 3, form: "hex" },
  { key: "batch", size: 1, form: "hex" },
  { key: "transactionInformation", size: 8, form: "text" },
  { key: "userInformation", size: 1, form: "hex" },
  { key: "rejectCode", size: 5, form: "text" },
];

/** Where the total length stands in the header. */
export const CUPS_LENGTH_AT = 2;

const defaults: CupsHeader = {
  version: "02",
  destination: "",
  source: "",
  reserved: "000000",
  batch: "00",
  transactionInformation: "00000000",
  userInformation: "00",
  rejectCode: "00000",
};

/**
 * A header in uppercase hex, as `Frame.header` holds it. The total length stays zeros until the frame
 * is written. Throws FrameError `header` for a value that does not fit its place.
 */
export function buildCupsHeader(
  values: Partial<CupsHeader> & Pick<CupsHeader, "destination" | "source">,
): string {
  const all = { headerLength: "2E", totalLength: "0000", ...defaults, ...values };
  let hex = "";
  for (const { key, size, form } of layout) {
    const value = all[key];
    const text = form === "hex" ? value.toUpperCase() : value.padEnd(size, " ");
    const fits =
      form === "hex"
        ? text.length === size * 2 && /^[0-9A-F]*$/.test(text)
        : text.length === size && /^[\x20-\x7E]*$/.test(text);
    if (!fits) throw new FrameError("header", `${key} does not fit its ${size} bytes`);
    hex += form === "hex" ? text : toHex(fromAscii(text));
  }
  return hex;
}

/** A header's values, institution ids without blanks. Throws FrameError `header` if it is none. */
export function parseCupsHeader(header: string): CupsHeader {
  if (!/^(?:[0-9A-Fa-f]{2}){46}$/.test(header)) {
    throw new FrameError("header", "the header is not 46 bytes in hex");
  }
  const values: Record<keyof CupsHeader, string> = { ...defaults };
  const bytes = fromHex(header);
  let at = 0;
  for (const { key, size, form } of layout) {
    const part = bytes.subarray(at, at + size);
    at += size;
    if (key === "headerLength" || key === "totalLength") continue;
    values[key] = form === "hex" ? toHex(part) : toAscii(part).trimEnd();
  }
  return values;
}
