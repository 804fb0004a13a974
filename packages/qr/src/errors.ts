/** What can be wrong with a code. Documented in README.md; texts never hold the code's content. */
export type QrErrorCode =
  | "unrecognised"
  | "too-long"
  | "characters"
  | "base64"
  | "short"
  | "identifier"
  | "tag"
  | "length"
  | "nesting"
  | "order"
  | "duplicate"
  | "missing"
  | "crc"
  | "template"
  | "value"
  | "conflict"
  | "currency";

/**
 * One thing wrong with a code. `path` leads to the part (`["62", "09"]`, `["61", "4F"]`; empty for
 * the code itself). `offset` counts characters (code points) of a merchant-presented text, bytes of
 * a consumer-presented code (characters of its base64 where the code is `base64`).
 */
export type QrFault = {
  readonly code: QrErrorCode;
  readonly path: readonly string[];
  readonly offset: number;
  readonly message: string;
};

/** A code that cannot be read, is refused, or cannot be built. */
export class QrError extends Error implements QrFault {
  readonly code: QrErrorCode;
  readonly path: readonly string[];
  readonly offset: number;

  constructor(code: QrErrorCode, path: readonly string[], offset: number, message: string) {
    super(message);
    this.name = "QrError";
    this.code = code;
    this.path = path;
    this.offset = offset;
  }
}

/** A fault, put together. */
export function fault(
  code: QrErrorCode,
  path: readonly string[],
  offset: number,
  message: string,
): QrFault {
  return { code, path, offset, message };
}

/** The fault as an error to throw. */
export function errorOf(fault: QrFault): QrError {
  return new QrError(fault.code, fault.path, fault.offset, fault.message);
}

/** The error as plain data. */
export function faultOf({ code, path, offset, message }: QrError): QrFault {
  return { code, path, offset, message };
}

/** EMV QRCPS: a code of either kind holds at most 512 characters. */
export const LONGEST = 512;
