/** What a device must not forget: its counters, its transactions, and what it still has to send. */
import type { DatabaseSync } from "node:sqlite";
import {
  readDue,
  readTransaction,
  type Due,
  type DueKind,
  type Identity,
  type JournalTransaction,
  type KeptCard,
  type NewDue,
  type NewTransaction,
  type ReversalReason,
  type Settled,
} from "./rows.ts";
import type { Vault } from "./vault.ts";

/** A transaction and what is owed for it, for one commit. */
export type Begun = {
  readonly transaction: NewTransaction;
  readonly due?: NewDue | undefined;
  /** The code under which the card approved it already, without the host. */
  readonly approved?: string;
};

/** Every method that changes something has it on the disk when it returns. */
export class Journal {
  readonly #database: DatabaseSync;
  readonly #vault: Vault;
  readonly #identity: Identity;
  readonly #masterKey: string;

  constructor(database: DatabaseSync, vault: Vault, identity: Identity, tmk: string) {
    this.#database = database;
    this.#vault = vault;
    this.#identity = identity;
    this.#masterKey = tmk;
  }

  identity(): Identity {
    return this.#identity;
  }

  /** The terminal master key as a key block. */
  masterKey(): string {
    return this.#masterKey;
  }

  batch(): string {
    return String(this.#one("select batch from device")?.["batch"]);
  }

  setBatch(batch: string): void {
    this.#run("update device set batch = ?", batch);
  }

  /** The next trace number, 000001 to 999999 and again from the start; none twice in a batch. */
  nextStan(): string {
    const next = "update device set stan = stan % 999999 + 1 returning stan, batch";
    for (;;) {
      const row = this.#one(next);
      const stan = String(row?.["stan"]).padStart(6, "0");
      const used = "select 1 from transactions where batch = ? and stan = ?";
      if (!this.#one(used, String(row?.["batch"]), stan)) return stan;
    }
  }

  /** Writes a transaction and what is owed for it, before its request is sent. */
  begin(begun: Begun): void {
    this.#atomically(() => this.#insert(begun));
  }

  /** Nothing left the device: there is nothing to undo. */
  unsent(id: string): void {
    this.#atomically(() => this.#over(id, "unsent"));
  }

  /** The outcome will never be known, and moved nothing. */
  lapse(id: string): void {
    this.#atomically(() => this.#over(id, "lapsed"));
  }

  /** The outcome is known for certain; what undoes it goes. `next` begins in the same commit. */
  settle(id: string, settled: Settled, next?: Begun): void {
    this.#atomically(() => {
      this.#over(id, settled.state);
      this.#run(
        `update transactions set response_code = ?, rrn = coalesce(?, rrn),
           authorization_code = ?, host_date = ?, settlement_date = ?, amount = coalesce(?, amount)
         where id = ?`,
        settled.responseCode,
        settled.rrn ?? null,
        settled.authorizationCode ?? null,
        settled.hostDate ?? null,
        settled.settlementDate ?? null,
        settled.amount ?? null,
        id,
      );
      if (next) this.#insert(next);
    });
  }

  /**
   * The transaction must be undone, for this reason, with these fields known by now. Without effect
   * where nothing is left to undo.
   */
  demand(id: string, reason: ReversalReason, known: Readonly<Record<string, string>> = {}): void {
    this.#atomically(() => {
      const kept = "select sealed from dues where transaction_id = ? and kind = 'reversal'";
      const row = this.#one(kept, id);
      if (!row) return;
      const context = this.#context("reversal", id);
      const fields = { ...this.#vault.reveal(context, row["sealed"]), ...known };
      this.#run(
        `update dues set reason = ?, sealed = ? where transaction_id = ? and kind = 'reversal'`,
        reason,
        this.#vault.hide(context, fields),
        id,
      );
      this.#run("update transactions set state = 'reversing' where id = ?", id);
    });
  }

  /** Owes one more message for a transaction. */
  owe(id: string, due: NewDue): void {
    this.#insertDue(id, due);
  }

  /** What is to be sent: script results, reversals, advices, signatures, each oldest first. */
  dues(): Due[] {
    const rows = this.#all(
      `select d.transaction_id as id, d.kind, d.mti, d.reason, d.attempts, d.sealed, t.batch, t.stan
       from dues d join transactions t on t.id = d.transaction_id
       where d.kind <> 'reversal' or t.state = 'reversing'
       order by case d.kind when 'script' then 0 when 'reversal' then 1 when 'advice' then 2 else 3
         end, d.transaction_id`,
    );
    return rows.map((row) => {
      const context = this.#context(String(row["kind"]), String(row["id"]));
      return readDue(row, this.#vault.reveal(context, row["sealed"]));
    });
  }

  /** Counts an attempt to send. */
  attempted({ id, kind }: Pick<Due, "id" | "kind">): void {
    const more = "update dues set attempts = attempts + 1 where transaction_id = ? and kind = ?";
    this.#run(more, id, kind);
  }

  /** The host took it: card data go. */
  sent(id: string, kind: DueKind): void {
    this.#run("delete from dues where transaction_id = ? and kind = ?", id, kind);
  }

  /** The host confirmed the reversal; card data go. */
  reversed(id: string): void {
    this.#atomically(() => this.#over(id, "reversed"));
  }

  keepReceipt(id: string, receipt: string): void {
    this.#run("update transactions set receipt = ? where id = ?", receipt, id);
  }

  receipt(id: string): string | undefined {
    const text = this.#one("select receipt from transactions where id = ?", id)?.["receipt"];
    return typeof text === "string" ? text : undefined;
  }

  /** Latest first. */
  transactions(limit: number): JournalTransaction[] {
    return this.#all("select * from transactions order by id desc limit ?", limit).map(
      readTransaction,
    );
  }

  /** Those of a batch, oldest first. */
  ofBatch(batch: string): JournalTransaction[] {
    const all = "select * from transactions where batch = ? order by id";
    return this.#all(all, batch).map(readTransaction);
  }

  /** Those that follow another, by its RRN. */
  followers(): ReadonlyMap<string, readonly JournalTransaction[]> {
    const all = "select * from transactions where original_rrn is not null";
    return Map.groupBy(this.#all(all).map(readTransaction), ({ originalRrn }) => originalRrn ?? "");
  }

  /** The latest transaction with this id, RRN or, in a batch, trace number. */
  find(by: {
    readonly id?: string | undefined;
    readonly rrn?: string | undefined;
    readonly stan?: string | undefined;
    readonly batch?: string | undefined;
  }): JournalTransaction | undefined {
    const row = this.#one(
      `select * from transactions where (?1 is null or id = ?1) and (?2 is null or rrn = ?2)
         and (?3 is null or (stan = ?3 and batch = ?4)) and coalesce(?1, ?2, ?3) is not null
       order by id desc limit 1`,
      by.id ?? null,
      by.rrn ?? null,
      by.stan ?? null,
      by.batch ?? this.batch(),
    );
    return row && readTransaction(row);
  }

  /** The card of a transaction of the open batch. */
  card(id: string): KeptCard | undefined {
    const row = this.#one("select sealed from cards where transaction_id = ?", id);
    if (!row) return undefined;
    const { pan, expiry } = this.#vault.reveal(this.#context("card", id), row["sealed"]);
    return pan === undefined ? undefined : { pan, expiry: expiry ?? "" };
  }

  /** The batch agrees with the host's or was uploaded: its card numbers go. */
  closeBatch(batch: string): void {
    this.#atomically(() => {
      this.#run(
        "delete from cards where transaction_id in (select id from transactions where batch = ?)",
        batch,
      );
      this.#run("delete from settings where name = 'closing'");
    });
  }

  setting(name: string): string | undefined {
    const content = this.#one("select content from settings where name = ?", name)?.["content"];
    return typeof content === "string" ? content : undefined;
  }

  set(name: string, content: string): void {
    this.#run(
      `insert into settings (name, content) values (?, ?)
       on conflict (name) do update set content = excluded.content`,
      name,
      content,
    );
  }

  /** Writes the whole journal as it is now into a new file. Throws where there is one already. */
  copyTo(path: string): void {
    this.#run("vacuum into ?", path);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #insert({ transaction, due, approved }: Begun): void {
    const { id, card } = transaction;
    this.#run(
      `insert into transactions (id, batch, stan, type, amount, currency, entry, masked_pan,
         occurred_at, original_rrn, details, state, response_code)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      transaction.batch,
      transaction.stan,
      transaction.type,
      transaction.amount,
      transaction.currency,
      transaction.entry,
      transaction.maskedPan,
      transaction.at,
      transaction.originalRrn ?? null,
      JSON.stringify(transaction.details ?? {}),
      approved === undefined ? "open" : "approved",
      approved ?? null,
    );
    if (due) this.#insertDue(id, due);
    if (!card) return;
    const sealed = this.#vault.hide(this.#context("card", id), card);
    this.#run("insert into cards (transaction_id, sealed) values (?, ?)", id, sealed);
  }

  #insertDue(id: string, { kind, message }: NewDue): void {
    this.#run(
      "insert into dues (transaction_id, kind, mti, reason, sealed) values (?, ?, ?, ?, ?)",
      id,
      kind,
      message.mti,
      kind === "reversal" ? "98" : null,
      this.#vault.hide(this.#context(kind, id), message.fields),
    );
  }

  #over(id: string, state: string): void {
    const undo = "delete from dues where transaction_id = ? and kind in ('reversal', 'advice')";
    this.#run(undo, id);
    this.#run("update transactions set state = ? where id = ?", state, id);
    if (state !== "approved") this.#run("delete from cards where transaction_id = ?", id);
  }

  #context(what: string, id: string): string {
    return `${what}/${this.#identity.tid}/${id}`;
  }

  #one(sql: string, ...values: (string | number | null)[]): Record<string, unknown> | undefined {
    return this.#database.prepare(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Record<string, unknown>[] {
    return this.#database.prepare(sql).all(...values);
  }

  #run(sql: string, ...values: (string | number | Uint8Array | null)[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #atomically(run: () => void): void {
    this.#database.exec("begin immediate");
    try {
      run();
      this.#database.exec("commit");
    } catch (error) {
      this.#database.exec("rollback");
      throw error;
    }
  }
}
