-- Who takes part: merchants, terminals and their keys, the network link, people's access.
-- Every key rests as a key block under the security module's master key.

-- Keys of the installation by name: zmk (the network link's), pan-token, pan-seal.
create table installation_key (
  name       text primary key,
  block      text not null,
  kcv        text not null,
  created_at timestamptz not null
);

create table merchant (
  mid        text primary key check (length(mid) = 15),
  bucket     smallint not null check (bucket between 0 and 63),
  name       text not null,
  name_zh    text not null,
  mcc        text not null check (mcc ~ '^\d{4}$'),
  currency   text not null check (currency ~ '^[A-Z]{3}$'),
  fee_ppm    integer not null check (fee_ppm between 0 and 1000000),
  status     text not null check (status in ('active', 'suspended')),
  created_at timestamptz not null
);

-- `session` is the version of the newest key session, 0 before the first sign-in.
create table terminal (
  tid        text primary key check (length(tid) = 8),
  mid        text not null references merchant,
  serial     text not null unique,
  status     text not null check (status in ('active', 'suspended')),
  tmk        text not null,
  tmk_kcv    text not null,
  batch      text not null check (batch ~ '^\d{6}$'),
  session    integer not null default 0,
  created_at timestamptz not null
) with (fillfactor = 70);

create table key_session (
  tid        text not null references terminal,
  version    integer not null,
  pik        text not null,
  mak        text not null,
  tdk        text not null,
  created_at timestamptz not null,
  primary key (tid, version)
);

-- Working keys of the network link, a new version at every sign-on.
create table link_key (
  link       text not null,
  usage      text not null check (usage in ('zpk', 'zak')),
  version    bigint generated always as identity,
  block      text not null,
  kcv        text not null,
  created_at timestamptz not null,
  primary key (link, usage, version)
);

-- Blocks of a thousand numbers each: DE 11 on the network link, and the tail of the RRN.
create sequence link_trace_block as bigint minvalue 0 start 0 maxvalue 999 cycle;
create sequence reference_block as bigint minvalue 0 start 0 maxvalue 99999 cycle;

-- A node's epoch rises at every start; leases of an older epoch are over.
create table node (
  id         text primary key,
  epoch      bigint not null,
  started_at timestamptz not null
);

create table api_key (
  id         uuid primary key,
  name       text not null,
  hash       text not null unique check (length(hash) = 64),
  created_at timestamptz not null,
  revoked_at timestamptz
);
