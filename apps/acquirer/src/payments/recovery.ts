/** Transactions in flight whose owner died: they are reversed, never guessed. */
import type { Clock } from "@tillway/link";
import type { Database } from "../db/index.ts";
import { adviceFields, networkKeyOf, type Advice } from "./advice.ts";
import type { Writer } from "./lanes.ts";
import type { Numbers } from "./numbers.ts";
import { decide } from "./state.ts";
import type { CloseStep, Lease } from "./step.ts";
import { expiredFlights, type Expired } from "./store/index.ts";

export type RecoveryOptions = {
  readonly database: Database;
  readonly writer: Writer;
  readonly numbers: Numbers;
  readonly clock: Clock;
  readonly lease: Lease;
};

const AT_ONCE = 200;

async function stepFor(expired: Expired, options: RecoveryOptions): Promise<CloseStep> {
  const at = options.clock.now();
  const own = await options.numbers.transmit(at);
  const fields = adviceFields(expired.sent, own, null);
  const { bucket, transaction, businessDate, lease } = expired;
  const advice: Advice = {
    id: options.numbers.id(at),
    bucket,
    transaction,
    businessDate,
    originalKey: expired.networkKey,
    networkKey: networkKeyOf(fields),
    reason: "98",
    fields,
    createdAt: at,
  };
  return {
    do: "close",
    bucket,
    transaction,
    businessDate,
    lease,
    happening: {
      type: "expired",
      state: decide("in-flight", "expired").state,
      responseCode: null,
      authorisationCode: null,
      reason: "owner-gone",
      settlementDate: null,
      reply: null,
      at,
    },
    messages: [],
    advice,
    booking: null,
    event: {
      type: "transaction-reversed",
      payload: { transaction, rrn: expired.rrn, merchant: expired.merchant },
    },
  };
}

/**
 * Reverses what earlier lives of this node left in flight, and what anybody's lease ran out on.
 * By compare-and-set: an owner that still lives and closes first keeps its outcome.
 * Returns how many were reversed.
 */
export async function sweep(options: RecoveryOptions): Promise<number> {
  let reversed = 0;
  for (;;) {
    const { owner: node, epoch } = options.lease;
    const when = { node, epoch, now: options.clock.now(), limit: AT_ONCE };
    const found = await options.database.use((sql) => expiredFlights(sql, when));
    const results = await Promise.all(
      found.map(async (expired) => options.writer.close(await stepFor(expired, options))),
    );
    reversed += results.filter(({ kind }) => kind === "closed").length;
    if (found.length < AT_ONCE) return reversed;
  }
}
