-- The end of a terminal's batch, and the cardholder's signature.

-- Between its settlement and its end a batch takes nothing more.
alter table terminal add column settling boolean not null default false;

-- What a terminal told of a batch and what was counted here; minor units.
create table terminal_batch (
  terminal              text not null references terminal,
  batch                 text not null,
  bucket                smallint not null check (bucket between 0 and 63),
  merchant              text not null,
  state                 text not null check (state in ('balanced', 'unbalanced', 'closed')),
  told_debit_amount     bigint not null,
  told_debit_count      integer not null,
  told_credit_amount    bigint not null,
  told_credit_count     integer not null,
  counted_debit_amount  bigint not null,
  counted_debit_count   integer not null,
  counted_credit_amount bigint not null,
  counted_credit_count  integer not null,
  differences           jsonb,
  told_count            integer,
  settled_at            timestamptz not null,
  closed_at             timestamptz,
  primary key (terminal, batch)
);

-- Uploaded records: `online` is compared, chip data are kept for disputes.
create table batch_record (
  terminal   text not null,
  batch      text not null,
  kind       text not null check (kind in ('online', 'chip', 'failed-chip', 'offline-chip')),
  trace      text not null,
  masked_pan text,
  amount     bigint,
  message    jsonb,
  at         timestamptz not null,
  primary key (terminal, batch, kind, trace)
);

-- Signatures of cardholders, sealed under the installation's key.
create table signature (
  bucket        smallint not null check (bucket between 0 and 63),
  transaction   uuid not null,
  business_date date not null,
  digest        text not null,
  code          text not null check (code ~ '^[0-9A-F]{8}$'),
  sealed        bytea not null,
  at            timestamptz not null,
  primary key (bucket, transaction)
);
