/** What can be wrong with a message. Documented in README.md; texts never hold message content. */
export type MessageErrorCode =
  | "short"
  | "leftover"
  | "mti"
  | "bitmap"
  | "field"
  | "length"
  | "characters"
  | "padding"
  | "structure"
  | "masked"
  | "type";

/**
 * A message that cannot be decoded or encoded. `path` leads to the part (`["55", "9F26"]`; empty for
 * the message itself), `offset` is its byte offset in the message without framing.
 */
export class MessageError extends Error {
  readonly code: MessageErrorCode;
  readonly path: string[];
  readonly offset: number;

  constructor(code: MessageErrorCode, path: string[], offset: number, message: string) {
    super(message);
    this.name = "MessageError";
    this.code = code;
    this.path = path;
    this.offset = offset;
  }
}

/** Runs; path and offset of its MessageError are moved to where the content stands. */
export function within<T>(path: readonly string[], offset: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    const { code, message } = error;
    throw new MessageError(code, [...path, ...error.path], offset + error.offset, message);
  }
}

/** A whole message of a connection, taken out of its framing. TPDU and header in uppercase hex. */
export type Frame = {
  readonly tpdu?: string;
  readonly header?: string;
  readonly payload: Uint8Array;
};

export type FrameErrorCode = "too-long" | "too-short" | "length" | "header" | "short" | "leftover";

/**
 * Bytes that break the framing; the connection cannot be read any further. `frames` are the whole
 * frames that were read by the same call before the broken one.
 */
export class FrameError extends Error {
  readonly code: FrameErrorCode;
  readonly frames: readonly Frame[];

  constructor(code: FrameErrorCode, message: string, frames: readonly Frame[] = []) {
    super(message);
    this.name = "FrameError";
    this.code = code;
    this.frames = frames;
  }
}

/** One thing that is wrong with a spec's table. */
export type SpecProblem = { readonly path: readonly string[]; readonly message: string };

/** A spec that cannot be imported, with everything that is wrong with it. */
export class SpecError extends Error {
  readonly problems: readonly SpecProblem[];

  constructor(problems: readonly SpecProblem[]) {
    super(problems.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"));
    this.name = "SpecError";
    this.problems = problems;
  }
}
