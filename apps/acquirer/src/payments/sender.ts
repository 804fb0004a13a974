/** Store-and-forward: reversal advices go to the network until it acknowledges them. */
import type { Cancel, Clock } from "@tillway/link";
import type { Database } from "../db/index.ts";
import type { Writer } from "./lanes.ts";
import { claimAdvices, type DueAdvice } from "./store/index.ts";
import type { HopMessage, Kept } from "./transaction.ts";

/** What came of sending an advice. */
export type AdviceAnswer =
  | {
      readonly kind: "acknowledged" | "refused";
      readonly responseCode: string;
      readonly sent: Kept;
      readonly message: Kept;
    }
  | { readonly kind: "silent" | "unreachable" };

export type SenderOptions = {
  readonly database: Database;
  readonly writer: Writer;
  readonly clock: Clock;
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
    const { bucket, transaction, businessDate } = advice;
    const place = { bucket, transaction, businessDate };
    const { responseCode } = answer;
    const messages: HopMessage[] = [
      { hop: "network-advice", message: answer.sent },
      { hop: "advice-reply", message: answer.message },
    ];
    const at = clock.now();
    if (answer.kind === "acknowledged") {
      const step = {
        do: "acknowledge",
        ...place,
        advice: advice.id,
        responseCode,
        at,
        messages,
      } as const;
      await options.writer.follow(step);
      return;
    }
    const reason = "advice-refused";
    await options.writer.follow({ do: "note", ...place, responseCode, reason, at, messages });
  };
  const round = async (): Promise<void> => {
    for (;;) {
      again = false;
      if (closed || !options.isUp()) return;
      const { replyMs, pauseMs } = options;
      const when = { now: clock.now(), limit: AT_ONCE, replyMs, pauseMs };
      const due = await options.database.use((sql) => claimAdvices(sql, when));
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
  kick();
  return {
    kick,
    close: async () => {
      closed = true;
      timer();
      await running;
    },
  };
}
