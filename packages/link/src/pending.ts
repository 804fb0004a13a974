import type { Clock } from "./clock.ts";

/** What came of waiting for a reply: the reply, or why there is none. */
export type Waited<Reply> =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "timeout" }
  | { readonly kind: "down" };

/** Requests that wait for their replies, matched by a key. */
export type Pending<Reply> = {
  /** Waits for the reply of `key`. Throws where that key is already waited for: keys are unique. */
  readonly expect: (key: string, timeoutMs: number) => Promise<Waited<Reply>>;
  /** Hands a reply over. False where nobody waits for that key: the reply is late or unknown. */
  readonly settle: (key: string, reply: Reply) => boolean;
  /** Ends every wait with "down": the link is gone and no reply can come. */
  readonly abandon: () => void;
  readonly size: () => number;
};

/** An empty set of waits on `clock`. */
export function createPending<Reply>(clock: Clock): Pending<Reply> {
  const waits = new Map<string, (waited: Waited<Reply>) => void>();
  return {
    expect: (key, timeoutMs) => {
      if (waits.has(key)) throw new Error("a reply with this key is already waited for");
      return new Promise((resolve) => {
        const finish = (waited: Waited<Reply>): void => {
          cancel();
          waits.delete(key);
          resolve(waited);
        };
        const cancel = clock.after(timeoutMs, () => finish({ kind: "timeout" }));
        waits.set(key, finish);
      });
    },
    settle: (key, reply) => {
      const finish = waits.get(key);
      finish?.({ kind: "reply", reply });
      return finish !== undefined;
    },
    abandon: () => {
      for (const finish of waits.values()) finish({ kind: "down" });
    },
    size: () => waits.size,
  };
}
