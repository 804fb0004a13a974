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
