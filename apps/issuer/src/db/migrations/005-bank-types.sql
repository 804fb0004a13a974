-- Every type of transaction at the bank. A decision names what it follows; what it moved (positive:
-- taken from the account), what of that went beyond the account's floor, and what was changed or
-- given back since stand beside it. Holds set money apart; plans say how an instalment sale is repaid.

alter table issuer.authorisation
  drop constraint authorisation_state_check,
  add constraint authorisation_state_check check (state in
    ('approved', 'declined', 'reversed', 'voided', 'completed', 'kept', 'expired')),
  add column type text not null default 'sale',
  add column digest text,
  add column original text,
  add column original_id uuid,
  add column asked bigint,
  add column moved bigint not null default 0,
  add column overdraft bigint not null default 0,
  add column refunded bigint not null default 0 check (refunded >= 0),
  add column receiver text,
  add column receiver_bucket smallint,
  add column psn text,
  add column scripts jsonb,
  add column expires_at timestamptz;

update issuer.authorisation set asked = amount, moved = amount where state in ('approved', 'reversed');
update issuer.ledger_key set idempotency_key = 'move:' || substr(idempotency_key, 6)
 where idempotency_key like 'sale:%';
update issuer.ledger_key set idempotency_key = 'undo:' || substr(idempotency_key, 15)
 where idempotency_key like 'sale-reversal:%';

-- A cryptogram of a card is used once; online the counter of the card itself shows it.
create index authorisation_card_atc on issuer.authorisation (card, atc)
  where type = 'offline chip sale';
create index authorisation_promised on issuer.authorisation (expires_at)
  where state = 'approved' and expires_at is not null;

create table issuer.hold (
  bucket      smallint not null check (bucket between 0 and 63),
  id          uuid not null,
  account     text not null,
  amount      bigint not null check (amount > 0),
  state       text not null check (state in ('active', 'captured', 'released', 'expired')),
  expires_at  timestamptz not null,
  primary key (bucket, id)
) with (fillfactor = 70);
create index hold_active on issuer.hold (bucket, account) where state = 'active';

create table issuer.instalment_plan (
  bucket     smallint not null check (bucket between 0 and 63),
  id         uuid not null,
  account    text not null,
  code       text not null,
  fee_payer  text not null check (fee_payer in ('holder', 'merchant')),
  amount     bigint not null,
  state      text not null check (state in ('active', 'cancelled')),
  primary key (bucket, id)
);
create table issuer.instalment (
  bucket  smallint not null,
  plan    uuid not null,
  number  smallint not null check (number > 0),
  due_on  date not null,
  amount  bigint not null check (amount > 0),
  primary key (bucket, plan, number),
  foreign key (bucket, plan) references issuer.instalment_plan
);

-- What the bank wants to tell a card's chip at its next answer, and what the chip made of it.
create table issuer.script (
  id             integer generated always as identity primary key,
  card           text not null references issuer.card,
  command        text not null
    check (command in ('block', 'unblock', 'block-card', 'unblock-pin', 'put-data')),
  tag            text,
  value          text,
  state          text not null default 'pending'
    check (state in ('pending', 'sent', 'done', 'failed')),
  authorisation  uuid,
  asked_at       timestamptz not null,
  reported_at    timestamptz
);
create index script_pending on issuer.script (card) where state = 'pending';

-- Reversals and script results that came: each once, with what it was answered.
alter table issuer.reversal rename to notice;
alter table issuer.notice
  add column mti text not null default '0420' check (mti in ('0420', '0620'));

alter table issuer.card
  add column service_code text not null default '220' check (service_code ~ '^\d{3}$'),
  add column partial boolean not null default true;
update issuer.card c set partial = a.kind = 'deposit' from issuer.account a where a.id = c.account;
