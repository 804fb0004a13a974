import type { Answer, Answers, Command, SecurityModule } from "../module/security-module.ts";
import {
  createFrameReader,
  decodeResponse,
  encodeCommand,
  encodeRequest,
  usualMaximum,
} from "./module-protocol.ts";

export type RemoteModuleOptions = {
  /** Brings bytes to the module's process, in order. */
  readonly send: (bytes: Uint8Array) => void;
  /** Batches that may be on their way at once, 2 unless given. */
  readonly inFlight?: number;
  /** Commands in one batch, 256 unless given. */
  readonly batch?: number;
  /** Longest frame in bytes. */
  readonly maximum?: number;
};

/** A security module elsewhere, and the two ways in which its connection speaks to it. */
export interface RemoteModule extends SecurityModule {
  /** Bytes from the module's process. Throws ProtocolError; then the connection must be closed. */
  readonly receive: (chunk: Uint8Array) => void;
  /** The connection is gone: whatever waits is rejected with this, and so is all that comes. */
  readonly close: (reason: Error) => void;
  /** Commands without an answer yet. */
  readonly waiting: number;
}

type Waiting = {
  readonly name: string;
  readonly text: string;
  readonly resolve: (answer: Answer<Command>) => void;
  readonly reject: (reason: Error) => void;
};

/**
 * The security module of another process. Commands that wait are sent together: all of one turn of
 * the event loop, and all that come while as many batches as allowed are on their way.
 */
export function createRemoteModule(options: RemoteModuleOptions): RemoteModule {
  const { send, inFlight = 2, batch = 256, maximum = usualMaximum } = options;
  const reader = createFrameReader(maximum);
  const sent = new Map<number, readonly Waiting[]>();
  let queue: Waiting[] = [];
  let scheduled = false;
  let lastId = 0;
  let closed: Error | undefined;

  const flush = (): void => {
    scheduled = false;
    while (queue.length > 0 && sent.size < inFlight) {
      const chosen = queue.slice(0, fitting(queue, batch, maximum));
      queue = queue.slice(chosen.length);
      lastId += 1;
      sent.set(lastId, chosen);
      send(
        encodeRequest(
          lastId,
          chosen.map(({ text }) => text),
        ),
      );
    }
  };

  const submit = async (command: Command): Promise<Answer<Command>> => {
    if (closed !== undefined) throw closed;
    const text = encodeCommand(command);
    return new Promise((resolve, reject) => {
      queue.push({ name: command.do, text, resolve, reject });
      if (scheduled) return;
      scheduled = true;
      queueMicrotask(flush);
    });
  };

  return {
    run: async <const C extends Command>(command: C): Promise<Answer<C>> => submit(command),
    runAll: async <const C extends readonly Command[]>(commands: C) =>
      // Map keeps length and order.
      (await Promise.all(commands.map(submit))) as Answers<C>,
    receive: (chunk) => {
      for (const contents of reader.push(chunk)) {
        const { id, answers } = decodeResponse(contents, (asked) =>
          sent.get(asked)?.map(({ name }) => name),
        );
        const waiting = sent.get(id) ?? [];
        sent.delete(id);
        settle(waiting, answers);
      }
      flush();
    },
    close: (reason) => {
      if (closed !== undefined) return;
      closed = reason;
      for (const { reject } of [...sent.values()].flat().concat(queue)) reject(reason);
      sent.clear();
      queue = [];
    },
    get waiting() {
      return queue.length + [...sent.values()].reduce((sum, { length }) => sum + length, 0);
    },
  };
}

function settle(
  waiting: readonly Waiting[],
  answers: readonly Answer<Command>[] | undefined,
): void {
  for (const [at, { resolve, reject }] of waiting.entries()) {
    const answer = answers?.[at];
    if (answer === undefined) reject(new Error("the security module failed"));
    else resolve(answer);
  }
}

/** How many of the waiting commands go into one batch: at least one, whatever its length. */
function fitting(queue: readonly Waiting[], most: number, maximum: number): number {
  // Three bytes for each character at most, and room for the frame's own words.
  let room = maximum - 64;
  let count = 0;
  for (const { text } of queue) {
    room -= text.length * 3 + 1;
    if (count === most || (room < 0 && count > 0)) break;
    count += 1;
  }
  return count;
}
