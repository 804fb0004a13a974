-- The issuing bank: cardholders, accounts, cards, authorisations, reversals, events.

create table issuer.bank_key (
  name       text primary key,
  block      text not null,
  kcv        text not null,
  created_at timestamptz not null
);

create table issuer.cardholder (
  id         text primary key,
  name       text not null,
  created_at timestamptz not null
);

-- The balance itself is the ledger's. A credit account may go down to minus its credit limit.
create table issuer.account (
  id             text primary key,
  bucket         smallint not null check (bucket between 0 and 63),
  cardholder     text not null references issuer.cardholder,
  kind           text not null check (kind in ('deposit', 'credit')),
  currency       text not null check (currency ~ '^\d{3}$'),
  credit_limit   bigint not null check (credit_limit >= 0),
  opening_minor  bigint not null check (opening_minor >= 0),
  opened_at      timestamptz not null
);

create table issuer.card (
  token               text primary key,
  name                text not null unique,
  account             text not null references issuer.account,
  scheme              text not null,
  cryptogram_version  text not null,
  pan_cipher          text not null,
  masked_pan          text not null,
  psn                 text not null check (psn ~ '^\d{2}$'),
  expiry              text not null check (expiry ~ '^\d{4}$'),
  status              text not null check (status in ('active', 'lost', 'stolen', 'restricted')),
  pvki                text not null check (pvki ~ '^\d$'),
  pvv                 text not null check (pvv ~ '^\d{4}$'),
  pin_required        boolean not null,
  pin_tries           smallint not null default 0,
  pin_limit           smallint not null default 3,
  last_atc            integer not null default 0,
  wrong_cryptograms   integer not null default 0,
  transaction_limit   bigint not null,
  day_limit           bigint not null,
  day_count_limit     integer not null,
  day_date            date,
  day_spent           bigint not null default 0,
  day_count           integer not null default 0,
  issued_at           timestamptz not null
) with (fillfactor = 70);

create table issuer.authorisation (
  bucket             smallint not null check (bucket between 0 and 63),
  id                 uuid not null,
  key                text not null,
  card               text not null,
  account            text,
  state              text not null check (state in ('approved', 'declined', 'reversed')),
  response_code      text not null,
  reason             text,
  authorisation_code text,
  amount             bigint,
  currency           text,
  rrn                text,
  stan               text not null,
  terminal           text,
  merchant           text,
  atc                integer,
  business_date      date not null,
  pan_cipher         text not null,
  request            jsonb not null,
  reply              jsonb not null,
  occurred_at        timestamptz not null,
  reversed_at        timestamptz,
  primary key (bucket, id)
);

-- One row per request ever seen, also for one that was reversed before it arrived ('tombstone').
-- A reversal and its original meet in this row, whichever comes first.
create table issuer.request_key (
  bucket         smallint not null check (bucket between 0 and 63),
  key            text not null,
  kind           text not null check (kind in ('authorisation', 'tombstone')),
  digest         text,
  authorisation  uuid,
  account_bucket smallint,
  created_at     timestamptz not null,
  primary key (bucket, key)
);

create table issuer.reversal (
  bucket        smallint not null check (bucket between 0 and 63),
  key           text not null,
  original_key  text not null,
  response_code text not null,
  message       jsonb not null,
  occurred_at   timestamptz not null,
  primary key (bucket, key)
);

-- The stream of events (decisions.md, "Events"); payloads hold no card data.
create table issuer.outbox (
  bucket      smallint not null check (bucket between 0 and 63),
  transaction xid8 not null default pg_current_xact_id(),
  seq         bigint generated always as identity,
  type        text not null,
  version     smallint not null,
  payload     jsonb not null,
  occurred_at timestamptz not null,
  primary key (bucket, transaction, seq)
);
