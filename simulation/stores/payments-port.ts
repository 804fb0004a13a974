/** The port of the acquirer's payments over tables in memory. */
import { verbsOf, type DueAdvice, type Store } from "../../apps/acquirer/src/payments/index.ts";
import { committed } from "./memory.ts";
import type { KeptAdvice, PaymentsMemory } from "./payments.ts";

/** The port over this memory. */
export function paymentsStore(kept: PaymentsMemory): Store {
  const commit = <T>(run: () => T): Promise<T> => committed(kept.memory, run);
  const count = (name: string): number => {
    const next = (kept.numbers.get(name) ?? -1) + 1;
    kept.numbers.set(name, next);
    return next;
  };
  return {
    ...verbsOf((step) => commit(() => kept.submit(step))),
    known: (key) => Promise.resolve(kept.known(key)),
    original: ({ merchant, rrn, dates, terminal, batch, stan }) => {
      const rows = kept.opened.rows().filter(({ step }) => step.key.merchant === merchant);
      const found =
        rrn === null
          ? rows.findLast(
              ({ step: { key } }) =>
                key.terminal === terminal && key.batch === batch && key.stan === stan,
            )
          : rows.findLast(({ step }) => step.rrn === rrn && dates.includes(step.businessDate));
      return Promise.resolve(found && kept.original(found));
    },
    originalOf: (bucket, networkKey) => {
      const found = kept.advices
        .rows()
        .find(({ advice }) => advice.bucket === bucket && advice.originalKey === networkKey);
      if (!found) return Promise.resolve(undefined);
      const { transaction, businessDate } = found.advice;
      return Promise.resolve({ bucket, transaction, businessDate });
    },
    expired: ({ node, epoch, now, limit }) => {
      const due = kept.flights.rows().filter(({ lease, leaseUntil }) => {
        const earlier = lease.owner === node && BigInt(lease.epoch) < BigInt(epoch);
        return earlier || leaseUntil < now;
      });
      const expired = due.flatMap(({ place, lease }) => {
        const standing = kept.standing(place.transaction);
        return standing ? [{ lease, standing }] : [];
      });
      return Promise.resolve(expired.slice(0, limit));
    },
    dueAdvices: ({ now, limit, replyMs, pauseMs }) =>
      commit(() => {
        const due = kept.advices
          .rows()
          .filter((one) => one.state === "pending" && one.dueAt <= now && isFirst(one, kept))
          .sort((one, other) => one.dueAt - other.dueAt)
          .slice(0, limit);
        return due.map((row): DueAdvice => claimed(kept, row, now + replyMs, pauseMs));
      }),
    pendingAdvices: () =>
      Promise.resolve(kept.advices.rows().filter(({ state }) => state === "pending").length),
    block: (series) => commit(() => count(series)),
    beginEpoch: (node) => commit(() => String(count(`epoch of ${node}`) + 1)),
    keepSignature: (signature) =>
      commit(() => {
        const first = kept.signatures.get(signature.transaction);
        if (!first) kept.signatures.set(signature.transaction, signature);
        return !first || first.digest === signature.digest ? "kept" : "other-content";
      }),
    signatureOf: ({ transaction }) => Promise.resolve(kept.signatures.get(transaction)),
    limits: () => Promise.resolve(kept.limits),
    recordRefusals: () => Promise.resolve(),
    depth: () => ({ waiting: 0, inFlight: 0 }),
    end: () => Promise.resolve(),
  };
}

/** Whether no advice about the same message (DE 90) was made before it and is still pending. */
function isFirst({ advice }: KeptAdvice, kept: PaymentsMemory): boolean {
  const about = advice.fields["90"];
  if (about === undefined) return true;
  return !kept.advices.rows().some(({ advice: other, state }) => {
    if (state !== "pending" || other.fields["90"] !== about) return false;
    const before = other.createdAt - advice.createdAt;
    return before < 0 || (before === 0 && other.id < advice.id);
  });
}

function claimed(kept: PaymentsMemory, row: KeptAdvice, from: number, pauseMs: number): DueAdvice {
  const { advice, attempts } = row;
  const pause = Math.min(pauseMs * 2 ** Math.min(attempts, 10), 60_000);
  kept.advices.set(advice.id, { ...row, attempts: attempts + 1, dueAt: from + pause });
  const { panCipher, receiverCipher } = kept.opened.get(advice.transaction)?.step ?? {
    panCipher: "",
    receiverCipher: null,
  };
  const { id, bucket, transaction, businessDate, mti, fields } = advice;
  const place = { bucket, transaction, businessDate };
  return { ...place, id, mti, fields, panCipher, receiverCipher, repeats: attempts };
}
