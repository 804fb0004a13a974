/** Refused messages, written together and never in the way of an answer. */
import type { RefusedMessage, Store } from "./port.ts";

export type RefusalLog = {
  readonly record: (refused: RefusedMessage) => void;
  readonly drain: () => Promise<void>;
};

/** What waits for the database beyond this is counted as lost: refusals must not fill the memory. */
const MOST = 5000;
const AT_ONCE = 500;

export function openRefusalLog(
  store: Pick<Store, "recordRefusals">,
  onLost: (count: number, error?: unknown) => void,
): RefusalLog {
  let waiting: RefusedMessage[] = [];
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, AT_ONCE);
      waiting = waiting.slice(AT_ONCE);
      try {
        await store.recordRefusals(batch);
      } catch (error) {
        onLost(batch.length, error);
      }
    }
  };
  const start = (): void => {
    writing ??= write().finally(() => {
      writing = undefined;
    });
  };
  return {
    record: (refused) => {
      if (waiting.length >= MOST) {
        onLost(1);
        return;
      }
      waiting.push(refused);
      start();
    },
    drain: async () => {
      await writing;
    },
  };
}
