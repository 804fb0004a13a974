/** Transactions in flight whose owner died: they are reversed or asked again, never guessed. */
import type { Clock } from "@tillway/link";
import { reversalAdvice, type Advice } from "./advice.ts";
import { outboxEvent, quiet } from "./commit-open.ts";
import type { Numbers } from "./numbers.ts";
import type { Expired, Store } from "./port.ts";
import { decide, lifeOf } from "./state.ts";
import type { CloseStep, Lease } from "./step.ts";

export type RecoveryOptions = {
  readonly store: Store;
  readonly numbers: Numbers;
  readonly clock: Clock;
  readonly lease: Lease;
};

const AT_ONCE = 200;

async function stepFor(expired: Expired, options: RecoveryOptions): Promise<CloseStep> {
  const { lease, standing } = expired;
  const { bucket, transaction, businessDate, claims } = standing;
  const at = options.clock.now();
  const { state, effects } = decide(lifeOf(standing.name), "in-flight", "expired");
  let advice: Advice | null = null;
  if (effects.includes("advise")) {
    const { sent } = standing;
    if (!sent) throw new Error("what was sent is not kept");
    const own = { id: options.numbers.id(at), ...(await options.numbers.transmit(at)) };
    advice = reversalAdvice({ ...standing, sent, authorisationCode: null }, own, "98", at);
  }
  return {
    do: "close",
    bucket,
    transaction,
    businessDate,
    lease,
    claims,
    releases: null,
    frees: effects.includes("free"),
    happening: { ...quiet, type: "expired", state, reason: "owner-gone", at },
    messages: [],
    advice,
    journal: null,
    event: state === "unanswered" ? null : outboxEvent({ ...standing, state }, null),
  };
}

/**
 * Ends what earlier lives of this node left in flight, and what anybody's lease ran out on.
 * By compare-and-set: an owner that still lives and closes first keeps its outcome.
 * Returns how many were ended.
 */
export async function sweep(options: RecoveryOptions): Promise<number> {
  let ended = 0;
  for (;;) {
    const { owner: node, epoch } = options.lease;
    const when = { node, epoch, now: options.clock.now(), limit: AT_ONCE };
    const found = await options.store.expired(when);
    const results = await Promise.all(
      found.map(async (expired) => options.store.close(await stepFor(expired, options))),
    );
    ended += results.filter(({ kind }) => kind === "closed").length;
    if (found.length < AT_ONCE) return ended;
  }
}
