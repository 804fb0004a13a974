/** Store-and-forward: advices and reversals go to the network until it acknowledges them. */
import type { Cancel, Clock } from "@tillway/link";
import { businessDate, type BusinessCalendar } from "@tillway/money";
import type { Numbers } from "./numbers.ts";
import type { DueAdvice, Store } from "./port.ts";
import type { HopMessage, Kept } from "./transaction.ts";

/** What came of sending an advice; `put-off`: refused for now, it is sent again. */
export type AdviceAnswer =
  | {
      readonly kind: "acknowledged" | "refused" | "put-off";
      readonly responseCode: string;
      readonly sent: Kept;
      readonly message: Kept;
    }
  | { readonly kind: "silent" | "unreachable" };

export type SenderOptions = {
  readonly store: Store;
  readonly numbers: Numbers;
  readonly clock: Clock;
  readonly calendar: BusinessCalendar;
  readonly replyMs: number;
  readonly pauseMs: number;
  readonly isUp: () => boolean;
  readonly send: (advice: DueAdvice) => Promise<AdviceAnswer>;
  readonly onAnswer: (kind: AdviceAnswer["kind"]) => void;
  readonly onFault: (what: string, error: unknown) => void;
};

export type Sender = {
  /** Looks for due advices now: one was stored, or the link came up. */
  readonly kick: () => void;
  /** Stops looking and waits for what is under way. */
  readonly close: () => Promise<void>;
};

const AT_ONCE = 50;

/** Starts sending. It looks when kicked, and every `pauseMs` for what is due again. */
export function startSender(options: SenderOptions): Sender {
  const { clock } = options;
  let again = false;
  let closed = false;
  let running: Promise<void> | undefined;
  let timer: Cancel = () => undefined;

  const one = async (advice: DueAdvice): Promise<void> => {
    const answer = await options.send(advice);
    options.onAnswer(answer.kind);
    if (!("message" in answer)) return;
    const { bucket, transaction, businessDate: day } = advice;
    const place = { bucket, transaction, businessDate: day };
    const { responseCode } = answer;
    const messages: HopMessage[] = [
      { hop: "network-advice", message: answer.sent },
      { hop: "advice-reply", message: answer.message },
    ];
    const at = clock.now();
    if (answer.kind === "put-off") {
      const reason = "advice-put-off";
      const noted = { do: "note", type: "late-answer", ...place, responseCode, reason } as const;
      return options.store.note({ ...noted, key: null, at, messages, advice: null });
    }
    await options.store.acknowledge({
      do: "acknowledge",
      ...place,
      advice: advice.id,
      outcome: answer.kind,
      decides: !advice.mti.startsWith("06"),
      responseCode,
      at,
      today: businessDate(at, options.calendar),
      journalId: options.numbers.id(at),
      messages,
    });
  };
  const round = async (): Promise<void> => {
    for (;;) {
      again = false;
      if (closed || !options.isUp()) return;
      const { replyMs, pauseMs } = options;
      const when = { now: clock.now(), limit: AT_ONCE, replyMs, pauseMs };
      const due = await options.store.dueAdvices(when);
      await Promise.all(
        due.map((advice) =>
          one(advice).catch((error) => options.onFault("an advice failed", error)),
        ),
      );
      if (due.length < AT_ONCE && !again) return;
    }
  };
  const kick = (): void => {
    again = true;
    if (closed || running) return;
    timer();
    running = round()
      .catch((error) => options.onFault("advices could not be read", error))
      .finally(() => {
        running = undefined;
        if (!closed) timer = clock.after(options.pauseMs, kick);
      });
  };
  const close = async (): Promise<void> => {
    closed = true;
    timer();
    await running;
  };
  kick();
  return { kick, close };
}
