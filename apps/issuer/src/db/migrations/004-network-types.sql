-- Every type of transaction on the network: what an exchange or an advice is, told by its name in
-- the catalogue; the receiver's card of a transfer rests as a cipher beside the message.

alter table issuer.network_exchange add column type text not null default 'sale';
alter table issuer.network_advice
  add column mti text not null default '0420' check (mti in ('0220', '0420', '0620')),
  add column receiver_cipher text;

-- Only a reversal keeps a request that comes after it from being forwarded.
drop index issuer.network_advice_original;
create index network_advice_original on issuer.network_advice (original_key) where mti = '0420';
