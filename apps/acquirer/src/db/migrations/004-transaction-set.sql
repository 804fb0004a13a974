-- The whole transaction set: every type, what follows an original, advices of every kind, limits.

alter table transaction drop constraint transaction_kind_check;
alter table transaction drop constraint transaction_amount_check;
alter table transaction add check (amount >= 0);
alter table transaction add column tip bigint not null default 0;
alter table transaction add column fee_ppm integer not null default 0;
alter table transaction add column receiver_cipher text;
-- The transaction that it follows and took something of; null where it was turned away.
alter table transaction add column original uuid;
alter table transaction add column original_date date;
-- What it counts against limits: [{subject, period, amount}].
alter table transaction add column draws jsonb;

update transaction t set fee_ppm = m.fee_ppm from merchant m where m.mid = t.merchant;

-- Refunds and voids name their original by it.
create index transaction_rrn on transaction (bucket, rrn);
create index transaction_original on transaction (bucket, original) where original is not null;

-- Where a part was approved: how much.
alter table transaction_event add column part_of bigint;
update transaction_event set type = 'request' where type = 'sale';

alter table request_key drop constraint request_key_class_check;
alter table request_key add check (class in ('request', 'reversal', 'advice', 'script'));

alter table advice add column mti text not null default '0420';
alter table advice alter column mti drop default;
alter table advice drop constraint advice_state_check;
alter table advice add check (state in ('pending', 'acknowledged', 'refused'));

-- What is taken of an original by what follows it; the row is the lock of both.
create table original (
  bucket        smallint not null check (bucket between 0 and 63),
  transaction   uuid not null,
  business_date date not null,
  held_by       uuid,
  refunded      bigint not null default 0 check (refunded >= 0),
  tip           bigint not null default 0 check (tip >= 0),
  primary key (bucket, transaction)
) with (fillfactor = 70);

-- Limits by inheritance: of one kind the nearest level holds, and there the newest that has begun.
create table limit_rule (
  id         bigint generated always as identity primary key,
  level      text not null check (level in ('institution', 'merchant', 'terminal')),
  owner      text not null,
  type       text,
  entry      text not null check (entry in ('any', 'manual', 'stripe', 'chip', 'contactless', 'no-pin')),
  subject    text not null check (subject in ('merchant', 'terminal', 'card')),
  span       text not null check (span in ('transaction', 'day', 'month')),
  amount     bigint check (amount >= 0),
  count      integer check (count >= 0),
  valid_from date not null,
  created_at timestamptz not null,
  unique nulls not distinct (level, owner, type, entry, subject, span, valid_from)
);

-- Counters of limits. A card's are counted within a merchant's bucket.
create table limit_use (
  bucket  smallint not null check (bucket between 0 and 63),
  subject text not null,
  period  text not null,
  amount  bigint not null default 0,
  count   integer not null default 0,
  primary key (bucket, subject, period)
) with (fillfactor = 70);
