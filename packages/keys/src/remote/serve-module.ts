import type { Answer, Command, CommandName, SecurityModule } from "../module/security-module.ts";
import {
  createFrameReader,
  decodeRequest,
  encodeResponse,
  type RequestBatch,
  usualMaximum,
} from "./module-protocol.ts";

/** One client's connection, as the process that holds the module sees it. */
export type ModuleConnection = {
  /** Brings bytes to the client, in order. */
  readonly send: (bytes: Uint8Array) => void;
  /** Longest frame in bytes. */
  readonly maximum?: number;
  /** Told of what made a batch fail: a defect, as refusals are answers. */
  readonly onFailure?: (reason: unknown) => void;
};

/**
 * Answers the batches of one connection with a module. `receive` takes what the client sent and
 * throws ProtocolError where that is no protocol; then the connection must be closed.
 */
export function serveModule(
  module: SecurityModule,
  connection: ModuleConnection,
): { readonly receive: (chunk: Uint8Array) => void } {
  const reader = createFrameReader(connection.maximum ?? usualMaximum);
  return {
    receive: (chunk) => {
      for (const contents of reader.push(chunk)) {
        const batch = decodeRequest(contents);
        void answer(module, batch, connection.onFailure).then(connection.send);
      }
    },
  };
}

/** The frame to send back; never fails, so that every batch gets one. */
async function answer(
  module: SecurityModule,
  batch: RequestBatch,
  onFailure: ModuleConnection["onFailure"],
): Promise<Uint8Array> {
  try {
    return encodeResponse(batch.id, await answersOf(module, batch.commands));
  } catch (reason) {
    onFailure?.(reason);
    return encodeResponse(batch.id);
  }
}

async function answersOf(
  module: SecurityModule,
  commands: RequestBatch["commands"],
): Promise<{ names: readonly (CommandName | undefined)[]; answers: readonly Answer<Command>[] }> {
  const runnable = commands.filter((one): one is Command => "do" in one);
  const done: readonly Answer<Command>[] = await module.runAll(runnable);
  if (done.length !== runnable.length) throw new TypeError("a module answers every command");
  const left = done.values();
  const answers = commands.map((one) => ("do" in one ? left.next().value : one));
  return {
    names: commands.map((one) => ("do" in one ? one.do : undefined)),
    answers: answers.filter((one) => one !== undefined),
  };
}
