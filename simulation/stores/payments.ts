/** The acquirer's payments in memory: found and written here, decided by the room's own `settle`. */
import {
  counterOf,
  fullKeyText,
  keyText,
  placeText,
  settle,
  takes,
  unmarked,
  unused,
  verbsOf,
  type Advice,
  type Claims,
  type DueAdvice,
  type Found,
  type Happening,
  type Kept,
  type KeyRow,
  type Known,
  type Lease,
  type Limit,
  type Marks,
  type NaturalKey,
  type OpenStep,
  type OriginalRow,
  type Signature,
  type Place,
  type Standing,
  type Step,
  type Store,
  type Use,
  type Writes,
} from "../../apps/acquirer/src/payments/index.ts";
import { feeOf } from "../../apps/acquirer/src/ledger/index.ts";
import { Ledger } from "./ledger.ts";
import { committed, Memory, type Table } from "./memory.ts";

/** A transaction as it was opened. */
export type Opened = {
  readonly step: OpenStep;
  readonly claims: Claims;
  readonly fee: bigint;
  /** What was sent to the network, where it was kept. */
  readonly sent: Kept | null;
};

type Flight = { readonly place: Place; readonly lease: Lease; readonly leaseUntil: number };

type KeptAdvice = {
  readonly advice: Advice;
  readonly state: "pending" | "acknowledged" | "refused";
  readonly attempts: number;
  readonly dueAt: number;
};

export class PaymentsMemory {
  readonly memory = new Memory();
  readonly keys: Table<KeyRow> = this.memory.table();
  readonly opened: Table<Opened> = this.memory.table();
  readonly events: Table<readonly Happening[]> = this.memory.table();
  readonly flights: Table<Flight> = this.memory.table();
  readonly advices: Table<KeptAdvice> = this.memory.table();
  readonly marks: Table<Marks> = this.memory.table();
  readonly uses: Table<Use> = this.memory.table();
  readonly numbers: Table<number> = this.memory.table();
  readonly signatures: Table<Signature> = this.memory.table();
  readonly ledger = new Ledger(this.memory);
  readonly limits: readonly Limit[];

  constructor(limits: readonly Limit[]) {
    this.limits = limits;
  }

  standing(transaction: string): Standing | undefined {
    const row = this.opened.get(transaction);
    const events = this.events.get(transaction);
    const state = events?.at(-1)?.state;
    if (!row || !events || !state) return undefined;
    const { step, claims, fee, sent } = row;
    const told = events.find(({ type }) => type === "approved");
    const part = told?.partOf ?? null;
    const amount = part ?? step.amount;
    const { tip } = step.asked;
    return {
      bucket: step.bucket,
      transaction,
      businessDate: step.businessDate,
      name: step.name,
      merchant: step.key.merchant,
      terminal: step.key.terminal,
      batch: step.key.batch,
      panToken: step.panToken,
      state,
      rrn: step.rrn,
      amount,
      booked: {
        amount: step.name === "tip adjustment" ? tip : amount,
        fee: part === null ? fee : feeOf(part, step.feePpm),
      },
      networkKey: step.networkKey,
      authorisationCode: told?.authorisationCode ?? null,
      sent,
      claims: { ...claims, taken: takes({ name: step.name, amount, tip }) },
      marks: this.marks.get(transaction) ?? unmarked,
    };
  }

  known(key: NaturalKey): Known | undefined {
    const row = this.keys.get(fullKeyText(key));
    if (!row) return undefined;
    const { digest, of } = row;
    if (digest === null) return { kind: "tombstone" };
    const standing = of ? this.standing(of.transaction) : undefined;
    if (!of || !standing) throw new Error("a key without its transaction");
    const events = this.events.get(of.transaction) ?? [];
    const { state, rrn, networkKey } = standing;
    const reply = events.findLast((one) => one.reply !== null)?.reply ?? null;
    return { kind: "transaction", digest, place: of, state, rrn, networkKey, reply };
  }

  original(row: Opened): OriginalRow | undefined {
    const { step } = row;
    const standing = this.standing(step.transaction);
    const { feePpm, currency, entryMode, maskedPan, panCipher, receiverCipher } = step;
    const told = this.events.get(step.transaction)?.find(({ type }) => type === "approved");
    const settlementDate = told?.settlementDate ?? null;
    const rest = {
      feePpm,
      currency,
      entryMode,
      settlementDate,
      maskedPan,
      panCipher,
      receiverCipher,
    };
    return standing && { standing, stan: step.key.stan, ...rest };
  }

  /** One step in one commit. */
  submit(step: Step) {
    const { results, writes } = settle([step], this.#find(step));
    this.#write(writes);
    const [result] = results;
    if (!result) throw new Error("a step without a result");
    return result;
  }

  #find(step: Step): Found {
    const fresh = new Set<string>();
    const landed = new Set<string>();
    const reversals = new Map<string, string>();
    const requests = new Map<string, string | null>();
    const pending = new Set<string>();
    const known = new Map<string, Known>();
    const uses = new Map<string, Use>();
    const scripts = new Set<string>();
    const places: string[] = [];
    switch (step.do) {
      case "open": {
        const found = this.known(step.key);
        if (found) known.set(fullKeyText(step.key), found);
        else if (!step.again) fresh.add(step.transaction);
        if (fresh.size > 0) this.keys.set(fullKeyText(step.key), this.#claimed(step));
        if (step.follows) places.push(step.follows.transaction);
        for (const draw of step.draws) {
          const name = counterOf(draw);
          uses.set(name, this.uses.get(`${step.bucket}/${name}`) ?? unused);
        }
        break;
      }
      case "close": {
        const flight = this.flights.get(placeText(step));
        const { owner, epoch } = step.lease;
        if (flight?.lease.owner !== owner || flight.lease.epoch !== epoch) break;
        this.flights.delete(placeText(step));
        landed.add(placeText(step));
        break;
      }
      case "reverse": {
        const name = keyText(step.key);
        const earlier = this.keys.get(`${name}/reversal`);
        if (earlier) reversals.set(name, earlier.digest ?? "");
        for (const kind of ["advice", "request"]) {
          const row = this.keys.get(`${name}/${kind}`);
          if (!row) continue;
          requests.set(name, row.of?.transaction ?? null);
          if (row.of) places.push(row.of.transaction);
        }
        break;
      }
      case "acknowledge": {
        const row = this.advices.get(step.advice);
        if (row?.state === "pending") {
          this.advices.set(step.advice, { ...row, state: step.outcome });
          pending.add(step.advice);
        }
        places.push(step.transaction);
        break;
      }
      case "note":
        if (step.key && !this.keys.has(fullKeyText(step.key))) {
          const { bucket, transaction, businessDate } = step;
          const of = { bucket, transaction, businessDate };
          const row = { key: step.key, class: step.key.class, digest: "", of, responseCode: null };
          this.keys.set(fullKeyText(step.key), { ...row, at: step.at });
          scripts.add(fullKeyText(step.key));
        }
        places.push(step.transaction);
        break;
    }
    const standings = new Map<string, Standing>();
    for (const id of places) {
      const standing = this.standing(id);
      if (standing) standings.set(id, standing);
    }
    return { fresh, scripts, known, landed, reversals, requests, standings, pending, uses };
  }

  #claimed({ key, digest, at, bucket, transaction, businessDate }: OpenStep): KeyRow {
    const of = { bucket, transaction, businessDate };
    return { key, class: key.class, digest, of, responseCode: null, at };
  }

  #write(writes: Writes): void {
    for (const row of writes.keys) {
      const name = `${keyText(row.key)}/${row.class}`;
      if (!this.keys.add(name, row)) throw new Error("a key was taken meanwhile");
    }
    for (const { step, claims, fee } of writes.transactions) {
      const sent = step.messages.find(({ hop }) => hop === "network-request")?.message ?? null;
      this.opened.set(step.transaction, { step, claims, fee, sent });
    }
    for (const step of writes.takeoffs) {
      const { bucket, transaction, businessDate, lease, leaseUntil } = step;
      const place = { bucket, transaction, businessDate };
      this.flights.set(placeText(place), { place, lease, leaseUntil });
    }
    for (const place of writes.landings) this.flights.delete(placeText(place));
    for (const { place, happening } of writes.events) {
      const before = this.events.get(place.transaction) ?? [];
      this.events.set(place.transaction, [...before, happening]);
    }
    for (const advice of writes.advices) {
      const row = { advice, state: "pending", attempts: 0, dueAt: advice.createdAt } as const;
      this.advices.set(advice.id, row);
    }
    for (const { place, by, taken, sign } of writes.marks) {
      const before = this.marks.get(place.transaction) ?? unmarked;
      const freed = before.heldBy === by ? null : before.heldBy;
      this.marks.set(place.transaction, {
        heldBy: taken.holds ? (sign > 0n ? by : freed) : before.heldBy,
        refunded: before.refunded + sign * taken.refund,
        tip: before.tip + sign * taken.tip,
      });
    }
    for (const change of writes.uses) {
      const name = `${change.bucket}/${counterOf(change)}`;
      const before = this.uses.get(name) ?? unused;
      const amount = before.amount + change.amount;
      this.uses.set(name, { amount, count: before.count + change.count });
    }
    const refused = this.ledger
      .post(writes.journals)
      .find(({ code }) => code !== "posted" && code !== "repeated");
    if (refused) throw new RangeError(`the ledger refused a journal: ${refused.code}`);
  }
}

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
