import type { DatabaseSync } from "node:sqlite";

/** Each entry brings a journal one version further; an entry is never changed once released. */
const versions: readonly string[] = [
  `create table device (
     only integer primary key check (only = 1),
     identity text not null,
     tmk text not null,
     stan integer not null default 0 check (stan between 0 and 999999),
     batch text not null default '000001' check (length(batch) = 6)
   ) strict;
   create table transactions (
     id text primary key,
     batch text not null,
     stan text not null,
     kind text not null,
     state text not null check (
       state in ('open', 'approved', 'declined', 'unsent', 'reversing', 'reversed')
     ),
     amount text not null,
     currency text not null,
     entry text not null,
     masked_pan text not null,
     occurred_at integer not null,
     response_code text,
     rrn text,
     authorization_code text,
     receipt text
   ) strict;
   create index transactions_by_trace on transactions (batch, stan);
   create table reversals (
     transaction_id text primary key references transactions (id),
     reason text not null check (reason in ('98', '06', 'A0')),
     attempts integer not null default 0,
     -- The fields of the 0400 under the device key: it holds the PAN. The row goes when it is done.
     sealed blob not null
   ) strict;`,
  `drop index transactions_by_trace;
   alter table transactions rename to old_transactions;
   alter table reversals rename to old_reversals;
   create table transactions (
     id text primary key,
     batch text not null,
     stan text not null,
     -- The type's name in the catalogue.
     type text not null,
     state text not null check (
       state in ('open', 'approved', 'declined', 'unsent', 'reversing', 'reversed', 'lapsed')
     ),
     amount text not null,
     currency text not null,
     entry text not null,
     masked_pan text not null,
     occurred_at integer not null,
     -- RRN of the transaction that it follows.
     original_rrn text,
     response_code text,
     rrn text,
     authorization_code text,
     -- MMDD as the host set them: DE 13 and DE 15.
     host_date text,
     settlement_date text,
     -- JSON: tip, plan, amount asked for; no card data.
     details text not null default '{}',
     receipt text
   ) strict;
   create index transactions_by_trace on transactions (batch, stan);
   create index transactions_by_rrn on transactions (rrn);
   -- What is to be sent until it is answered. A reversal counts from when its transaction is
   -- 'reversing'. The message is under the device key: it may hold a PAN.
   create table dues (
     transaction_id text not null references transactions (id),
     kind text not null check (kind in ('script', 'reversal', 'advice', 'signature')),
     mti text not null,
     reason text check (reason in ('98', '06', 'A0')),
     attempts integer not null default 0,
     sealed blob not null,
     primary key (transaction_id, kind)
   ) strict;
   -- Card numbers of the open batch, under the device key: for what follows and for the upload.
   create table cards (
     transaction_id text primary key references transactions (id),
     sealed blob not null
   ) strict;
   -- What the host or this device has set: parameters, keys, applications, a batch being closed.
   create table settings (name text primary key, content text not null) strict;
   insert into transactions (id, batch, stan, type, state, amount, currency, entry, masked_pan,
       occurred_at, response_code, rrn, authorization_code, receipt)
     select id, batch, stan, kind, state, amount, currency, entry, masked_pan, occurred_at,
       response_code, rrn, authorization_code, receipt
     from old_transactions;
   insert into dues (transaction_id, kind, mti, reason, attempts, sealed)
     select transaction_id, 'reversal', '0400', reason, attempts, sealed from old_reversals;
   drop table old_reversals;
   drop table old_transactions;`,
];

/**
 * Makes a journal durable and brings it to the present version. Every commit is on the disk before
 * the statement returns; a second process is kept out; what is deleted is overwritten.
 */
export function prepareJournal(database: DatabaseSync): void {
  database.exec(
    `pragma busy_timeout = 2000; pragma locking_mode = exclusive; pragma journal_mode = wal;
     pragma synchronous = full; pragma secure_delete = on; pragma foreign_keys = on;`,
  );
  const found = database.prepare("pragma user_version").get()?.["user_version"];
  const from = typeof found === "number" ? found : 0;
  if (from > versions.length) throw new Error("the journal was written by a newer release");
  for (const [at, sql] of versions.entries()) {
    if (at < from) continue;
    database.exec(`begin immediate; ${sql} pragma user_version = ${at + 1}; commit;`);
  }
}
