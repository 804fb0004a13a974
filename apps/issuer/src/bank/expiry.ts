/** Holds and promises that nobody took up end with their time; what they set apart is free again. */
import type { Cancel } from "@tillway/link";
import { reasonOf } from "../log.ts";
import type { Book } from "./book.ts";
import type { BankContext } from "./context.ts";

/** How often the bank looks for what is overdue (ms), and how much it ends at once. */
const LOOK_EVERY = 5000;
const AT_ONCE = 100;

/** Ends an authorisation whose time is over; false where it was taken up meanwhile. */
export function expire(book: Book, key: string, now: number): boolean {
  const one = book.known(key);
  if (one === undefined || one === "tombstone" || one.state !== "approved") return false;
  if (one.expiresAt === undefined || one.expiresAt > now) return false;
  const hold = book.hold(one.id);
  if (hold?.state === "active") book.keepHold({ ...hold, state: "expired" });
  book.change({ ...one, state: "expired" });
  return true;
}

/** Ends what is overdue now. */
export async function endOverdue(context: BankContext): Promise<number> {
  const now = context.clock.now();
  const overdue = await context.store.overdue(now, AT_ONCE);
  const ended = await Promise.all(
    overdue.map(({ key, card, bucket }) =>
      context.store.run({
        bucket,
        names: { keys: [key], cards: [card] },
        decide: (book) => expire(book, key, now),
      }),
    ),
  );
  return ended.filter(Boolean).length;
}

/** Looks again and again until it is stopped. */
export function startExpiry(context: BankContext): { readonly stop: () => Promise<void> } {
  let stopped = false;
  let timer: Cancel = () => undefined;
  let round: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    try {
      const ended = await endOverdue(context);
      for (let at = 0; at < ended; at += 1) context.count("expired");
    } catch (error) {
      context.log.warn(reasonOf(error), "what is overdue could not be ended; it is tried again");
    }
    if (!stopped) timer = context.clock.after(LOOK_EVERY, again);
  };
  const again = (): void => {
    round = look();
  };
  timer = context.clock.after(LOOK_EVERY, again);
  return {
    stop: async () => {
      stopped = true;
      timer();
      await round;
    },
  };
}
