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
  type Advice,
  type Claims,
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
  type Use,
  type Writes,
} from "../../apps/acquirer/src/payments/index.ts";
import { feeOf } from "../../apps/acquirer/src/ledger/index.ts";
import { Ledger } from "./ledger.ts";
import { Memory, type Table } from "./memory.ts";

/** A transaction as it was opened. */
export type Opened = {
  readonly step: OpenStep;
  readonly claims: Claims;
  readonly fee: bigint;
  /** What was sent to the network, where it was kept. */
  readonly sent: Kept | null;
};

type Flight = { readonly place: Place; readonly lease: Lease; readonly leaseUntil: number };

export type KeptAdvice = {
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
    const found = nothingFound();
    const places: string[] = [];
    switch (step.do) {
      case "open":
        this.#findForOpen(step, found, places);
        break;
      case "close":
        if (this.#land(step)) found.landed.add(placeText(step));
        break;
      case "reverse":
        this.#findForReverse(step, found, places);
        break;
      case "acknowledge": {
        const row = this.advices.get(step.advice);
        if (row?.state === "pending") {
          this.advices.set(step.advice, { ...row, state: step.outcome });
          found.pending.add(step.advice);
        }
        places.push(step.transaction);
        break;
      }
      case "note":
        if (step.key && this.#claimNote(step.key, step)) found.scripts.add(fullKeyText(step.key));
        places.push(step.transaction);
        break;
    }
    for (const id of places) {
      const standing = this.standing(id);
      if (standing) found.standings.set(id, standing);
    }
    return found;
  }

  #findForOpen(step: OpenStep, found: Finding, places: string[]): void {
    const known = this.known(step.key);
    if (known) found.known.set(fullKeyText(step.key), known);
    else if (!step.again) found.fresh.add(step.transaction);
    if (found.fresh.size > 0) this.keys.set(fullKeyText(step.key), this.#claimed(step));
    if (step.follows) places.push(step.follows.transaction);
    for (const draw of step.draws) {
      const name = counterOf(draw);
      found.uses.set(name, this.uses.get(`${step.bucket}/${name}`) ?? unused);
    }
  }

  /** Takes a flight that this lease still holds. */
  #land(step: Extract<Step, { readonly do: "close" }>): boolean {
    const flight = this.flights.get(placeText(step));
    const { owner, epoch } = step.lease;
    if (flight?.lease.owner !== owner || flight.lease.epoch !== epoch) return false;
    return this.flights.delete(placeText(step));
  }

  #findForReverse(
    { key }: Extract<Step, { readonly do: "reverse" }>,
    found: Finding,
    places: string[],
  ): void {
    const name = keyText(key);
    const earlier = this.keys.get(`${name}/reversal`);
    if (earlier) found.reversals.set(name, earlier.digest ?? "");
    for (const kind of ["advice", "request"]) {
      const row = this.keys.get(`${name}/${kind}`);
      if (!row) continue;
      found.requests.set(name, row.of?.transaction ?? null);
      if (row.of) places.push(row.of.transaction, ...this.#heldBefore(row.of.transaction));
    }
  }

  /** Of the void of a completion: the completion and its hold. */
  #heldBefore(id: string): string[] {
    const undo = this.standing(id);
    if (undo?.name !== "completion void" || !undo.claims.follows) return [];
    const { transaction } = undo.claims.follows;
    const hold = this.standing(transaction)?.claims.follows;
    return hold ? [transaction, hold.transaction] : [transaction];
  }

  #claimNote(key: NaturalKey, step: Place & { readonly at: number }): boolean {
    const { bucket, transaction, businessDate, at } = step;
    const of = { bucket, transaction, businessDate };
    const row = { key, class: key.class, digest: "", of, responseCode: null, at };
    return this.keys.add(fullKeyText(key), row);
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

/** What is found for one step, while it is being gathered. */
function nothingFound() {
  return {
    fresh: new Set<string>(),
    scripts: new Set<string>(),
    known: new Map<string, Known>(),
    landed: new Set<string>(),
    reversals: new Map<string, string>(),
    requests: new Map<string, string | null>(),
    standings: new Map<string, Standing>(),
    pending: new Set<string>(),
    uses: new Map<string, Use>(),
  } satisfies Found;
}
type Finding = ReturnType<typeof nothingFound>;
