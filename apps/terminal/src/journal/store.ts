/** What a device must not forget: its counters, its transactions, and what it still has to undo. */
import { DatabaseSync } from "node:sqlite";
import { open as unseal, seal } from "@tillway/keys";
import { prepareJournal } from "./schema.ts";
import {
  readIdentity,
  readTransaction,
  type Identity,
  type JournalTransaction,
  type NewTransaction,
  type PendingReversal,
  type ReversalReason,
  type Settled,
} from "./rows.ts";

export type JournalOptions = {
  readonly path: string;
  /** 32 bytes; seals what identifies a card. */
  readonly deviceKey: Uint8Array;
  readonly random: (length: number) => Uint8Array;
};

/** Every method that changes something has it on the disk when it returns. */
export class Journal {
  readonly #database: DatabaseSync;
  readonly #options: JournalOptions;
  readonly #identity: Identity;
  readonly #masterKey: string;

  constructor(database: DatabaseSync, options: JournalOptions, identity: Identity, tmk: string) {
    this.#database = database;
    this.#options = options;
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
    return String(this.#database.prepare("select batch from device").get()?.["batch"]);
  }

  setBatch(batch: string): void {
    this.#run("update device set batch = ?", batch);
  }

  /** The next trace number: 000001 to 999999, then from the start again. */
  nextStan(): string {
    const next = "update device set stan = stan % 999999 + 1 returning stan";
    return String(this.#database.prepare(next).get()?.["stan"]).padStart(6, "0");
  }

  /** Writes a transaction and the reversal that undoes it, before its request is sent. */
  begin(transaction: NewTransaction, reversal: Readonly<Record<string, string>>): void {
    const { id, batch, stan, kind, amount, currency, entry, maskedPan, at } = transaction;
    this.#atomically(() => {
      this.#run(
        `insert into transactions
           (id, batch, stan, kind, state, amount, currency, entry, masked_pan, occurred_at)
         values (?, ?, ?, ?, 'open', ?, ?, ?, ?, ?)`,
        id,
        batch,
        stan,
        kind,
        amount,
        currency,
        entry,
        maskedPan,
        at,
      );
      this.#run(
        "insert into reversals (transaction_id, reason, sealed) values (?, '98', ?)",
        id,
        this.#hide(id, reversal),
      );
    });
  }

  /** Nothing left the device: there is nothing to undo. */
  unsent(id: string): void {
    this.#atomically(() => this.#over(id, "unsent"));
  }

  /** The outcome is known for certain; the reversal and the card data in it go. */
  settle(id: string, settled: Settled): void {
    this.#atomically(() => {
      this.#over(id, settled.state);
      this.#run(
        "update transactions set response_code = ?, rrn = ?, authorization_code = ? where id = ?",
        settled.responseCode,
        settled.rrn ?? null,
        settled.authorizationCode ?? null,
        id,
      );
    });
  }

  /**
   * The transaction must be undone, for this reason, with these fields known by now. Without effect
   * where nothing is left to undo.
   */
  demand(id: string, reason: ReversalReason, known: Readonly<Record<string, string>> = {}): void {
    this.#atomically(() => {
      const kept = "select sealed from reversals where transaction_id = ?";
      const row = this.#database.prepare(kept).get(id);
      if (!row) return;
      const fields = { ...this.#reveal(id, row["sealed"]), ...known };
      this.#run(
        "update reversals set reason = ?, sealed = ? where transaction_id = ?",
        reason,
        this.#hide(id, fields),
        id,
      );
      this.#run("update transactions set state = 'reversing' where id = ?", id);
    });
  }

  keepReceipt(id: string, receipt: string): void {
    this.#run("update transactions set receipt = ? where id = ?", receipt, id);
  }

  /** What still has to be undone, oldest first. */
  reversals(): PendingReversal[] {
    const rows = this.#database
      .prepare(
        `select r.transaction_id as id, r.reason, r.attempts, r.sealed, t.batch, t.stan
         from reversals r join transactions t on t.id = r.transaction_id
         where t.state = 'reversing' order by r.transaction_id`,
      )
      .all();
    return rows.map((row) => {
      const id = String(row["id"]);
      return {
        id,
        batch: String(row["batch"]),
        stan: String(row["stan"]),
        reason: readReason(row["reason"]),
        attempts: typeof row["attempts"] === "number" ? row["attempts"] : 0,
        fields: this.#reveal(id, row["sealed"]),
      };
    });
  }

  /** Counts an attempt to send a reversal. */
  attempted(id: string): void {
    this.#run("update reversals set attempts = attempts + 1 where transaction_id = ?", id);
  }

  /** The host confirmed the reversal; card data goes. */
  reversed(id: string): void {
    this.#atomically(() => this.#over(id, "reversed"));
  }

  /** Latest first. */
  transactions(limit: number): JournalTransaction[] {
    const latest = "select * from transactions order by id desc limit ?";
    return this.#database.prepare(latest).all(limit).map(readTransaction);
  }

  /** Writes the whole journal as it is now into a new file. Throws where there is one already. */
  copyTo(path: string): void {
    this.#run("vacuum into ?", path);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #over(id: string, state: string): void {
    this.#run("delete from reversals where transaction_id = ?", id);
    this.#run("update transactions set state = ? where id = ?", state, id);
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

  #context(id: string): string {
    return `reversal/${this.#identity.tid}/${id}`;
  }

  #hide(id: string, fields: Readonly<Record<string, string>>): Uint8Array {
    const { deviceKey, random } = this.#options;
    const clear = new TextEncoder().encode(JSON.stringify(fields));
    return seal(deviceKey, random(12), clear, this.#context(id));
  }

  #reveal(id: string, sealed: unknown): Record<string, string> {
    const { deviceKey } = this.#options;
    const clear =
      sealed instanceof Uint8Array ? unseal(deviceKey, sealed, this.#context(id)) : undefined;
    if (!clear) throw new Error("a pending reversal cannot be read under this device's key");
    // Written by #hide and bound to this row by its seal: the shape is ours.
    return JSON.parse(new TextDecoder().decode(clear)) as Record<string, string>;
  }
}

/**
 * Opens the journal of a provisioned device. A transaction whose outcome was not known when the
 * process ended is one to undo. Throws where the file belongs to a running process or no device.
 */
export function openJournal(options: JournalOptions): Journal {
  const database = new DatabaseSync(options.path);
  try {
    prepareJournal(database);
    const device = database.prepare("select identity, tmk from device").get();
    if (!device) throw new Error(`${options.path} holds no device: provision it first`);
    database.exec("update transactions set state = 'reversing' where state = 'open'");
    const identity = readIdentity(String(device["identity"]));
    return new Journal(database, options, identity, String(device["tmk"]));
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Makes a file the journal of this device, or gives a device that is known its present identity and
 * master key; counters, transactions and reversals stay.
 */
export function provisionJournal(path: string, identity: Identity, masterKey: string): void {
  const database = new DatabaseSync(path);
  try {
    prepareJournal(database);
    database
      .prepare(
        `insert into device (only, identity, tmk) values (1, ?, ?)
         on conflict (only) do update set identity = excluded.identity, tmk = excluded.tmk`,
      )
      .run(JSON.stringify(identity), masterKey);
  } finally {
    database.close();
  }
}

function readReason(value: unknown): ReversalReason {
  if (value === "98" || value === "06" || value === "A0") return value;
  throw new Error("the journal holds an unknown reversal reason");
}
