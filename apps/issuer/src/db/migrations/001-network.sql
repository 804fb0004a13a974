-- The card network: members, their keys, routes, exchanges in flight, advices to be forwarded.
-- Keys rest as key blocks under the module's master key. Messages rest without what must not rest.

create table issuer.network_key (
  name       text primary key,
  block      text not null,
  kcv        text not null,
  created_at timestamptz not null
);

create table issuer.network_member (
  institution   text primary key check (institution ~ '^\d{8,11}$'),
  name          text not null,
  role          text not null check (role in ('acquirer', 'issuer')),
  zmk           text not null,
  zmk_kcv       text not null,
  mac_algorithm text not null default 'x919',
  changed_at    timestamptz not null
);

-- Longest prefix wins.
create table issuer.network_route (
  prefix      text primary key check (prefix ~ '^\d{4,8}$'),
  institution text not null references issuer.network_member
);

-- One request that a member sent, from its arrival to what was answered.
create table issuer.network_exchange (
  bucket            smallint not null check (bucket between 0 and 63),
  key               text not null,
  digest            text not null,
  from_institution  text not null,
  to_institution    text,
  state             text not null check (state in ('forwarded', 'answered', 'refused', 'timed-out')),
  response_code     text,
  rrn               text,
  pan_token         text not null,
  pan_cipher        text not null,
  owner             text not null,
  lease_until       timestamptz not null,
  request           jsonb not null,
  reply             jsonb,
  late_reply        jsonb,
  received_at       timestamptz not null,
  answered_at       timestamptz,
  primary key (bucket, key)
);

create index network_exchange_in_flight
  on issuer.network_exchange (lease_until) where state = 'forwarded';

-- Reversal advices: stored before they are acknowledged, forwarded until the issuer acknowledges.
create table issuer.network_advice (
  bucket           smallint not null check (bucket between 0 and 63),
  key              text not null,
  digest           text not null,
  original_key     text not null,
  from_institution text not null,
  to_institution   text,
  state            text not null check (state in ('pending', 'acknowledged', 'undeliverable')),
  attempts         integer not null default 0,
  due_at           timestamptz not null,
  response_code    text,
  pan_cipher       text not null,
  message          jsonb not null,
  received_at      timestamptz not null,
  acknowledged_at  timestamptz,
  primary key (bucket, key)
);

create index network_advice_original on issuer.network_advice (original_key);
create index network_advice_due on issuer.network_advice (due_at) where state = 'pending';

-- Trace numbers of the network's own messages.
create sequence issuer.network_trace as bigint;
