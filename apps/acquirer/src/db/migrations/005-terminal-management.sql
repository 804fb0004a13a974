-- Terminal management: where a terminal belongs, what it is told, what it is asked to do, how it is.

create table store (
  id         uuid primary key,
  mid        text not null references merchant,
  name       text not null,
  address    text not null,
  created_at timestamptz not null
);

-- Places in millionths of a degree. `state`: a tampered terminal has erased its keys and is refused
-- until it is injected again; a locked one was locked from here.
alter table terminal
  add column store          uuid references store,
  add column state          text not null default 'ready' check (state in ('ready', 'locked', 'tampered')),
  add column latitude       integer check (latitude between -90000000 and 90000000),
  add column longitude      integer check (longitude between -180000000 and 180000000),
  add column radius_metres  integer check (radius_metres between 1 and 100000),
  add column software       text,
  add column wanted_software text,
  add column hardware       text,
  add column seen_at        timestamptz,
  add constraint terminal_place check (
    num_nonnulls(latitude, longitude, radius_metres) in (0, 3));

-- Inherited institution → merchant → store → terminal; `owner` is '' for the institution.
create table terminal_parameter (
  scope      text not null check (scope in ('institution', 'merchant', 'store', 'terminal')),
  owner      text not null,
  name       text not null,
  value      text not null,
  changed_at timestamptz not null,
  primary key (scope, owner, name)
);

-- Keys of certification authorities and chip applications, as they are downloaded. Hex.
create table download_object (
  kind       text not null check (kind in ('ca-key', 'application')),
  name       text not null,
  content    text not null,
  changed_at timestamptz not null,
  primary key (kind, name)
);

-- What a terminal is to do; gone once it did.
create table terminal_task (
  tid      text not null references terminal,
  task     text not null check (
    task in ('sign-in', 'ca-keys', 'applications', 'parameters', 'status', 'software')),
  asked_at timestamptz not null,
  primary key (tid, task)
);
