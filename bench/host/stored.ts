/** Databases with many payments stored: filled once, kept, and opened for today before each use. */
import { bucketOf } from "../../packages/database/src/index.ts";
import { openDays, query, type House } from "./house.ts";

const MERCHANTS = Array.from(
  { length: 64 },
  (_, at) => `8982900LOAD${`${at + 1}`.padStart(4, "0")}`,
);
/** Payments of one statement; between two the server may checkpoint. */
const STEP = 250_000;

const kept = `jsonb_build_object('spec', 'unionpay-pos', 'mti', '0200', 'fields', jsonb_build_object(
  '3', '000000', '4', lpad(amount::text, 12, '0'), '11', stan, '22', '051', '25', '00', '41', terminal,
  '42', merchant, '49', '156', '55', repeat(left(md5(n::text), 22), 11)), 'notKept', '["2","14","35","52"]')`;

/** Payments from one number to another, all rows of both steps, on one day. */
function fill(from: number, to: number, day: string): string {
  const list = MERCHANTS.map((mid) => `('${mid}', ${bucketOf(mid)})`).join(", ");
  return `
with merchants as (
  select row_number() over () - 1 as place, mid as merchant, bucket::smallint from (values ${list}) v (mid, bucket)
), payments as materialized (
  select n, merchant, bucket, 'S' || lpad((n % 100000)::text, 7, '0') as terminal,
         lpad((n / 100000)::text, 6, '0') as stan, 1000 + n % 50000 as amount,
         (1000 + n % 50000) * 6 / 1000 as fee, '${day}'::date as day,
         (lpad(to_hex((extract(epoch from '${day}'::date) * 1000)::bigint + n / 100), 12, '0') || '7'
          || substr(md5(n::text), 1, 19))::uuid as id,
         '${day}'::timestamptz + n * interval '10 microseconds' as at
    from generate_series(${from}, ${to - 1}) n join merchants on place = n % ${MERCHANTS.length}
), keys as (
  insert into acquirer.request_key (bucket, merchant, terminal, batch, stan, class, digest, transaction, business_date, created_at)
  select bucket, merchant, terminal, '000001', stan, 'request', md5(n::text) || md5(n::text), id, day, at from payments
), transactions as (
  insert into acquirer.transaction (bucket, id, business_date, kind, merchant, terminal, batch, stan, rrn, amount,
    currency, fee, entry_mode, masked_pan, pan_token, pan_cipher, network_key, occurred_at)
  select bucket, id, day, 'sale', merchant, terminal, '000001', stan, lpad(n::text, 12, '0'), amount, 'CNY', fee, '051',
    '621626******0018', md5(n::text) || md5(n::text), repeat(md5(n::text), 3), n || '/48021000', at from payments
), events as (
  insert into acquirer.transaction_event (bucket, transaction, business_date, type, state, response_code, reply, at)
  select bucket, id, day, type, state, code, reply, at from payments cross join
    (values ('request', 'in-flight', null, null), ('approved', 'approved', '00', '{"37":"633100000001","39":"00"}'::jsonb))
      e (type, state, code, reply)
), messages as (
  insert into acquirer.kept_message (bucket, transaction, business_date, hop, message, at)
  select bucket, id, day, hop, ${kept}, at from payments cross join
    (values ('terminal-request'), ('network-request'), ('network-reply'), ('terminal-reply')) m (hop)
), claims as (
  insert into acquirer.ledger_key (bucket, idempotency_key, journal_id, business_date)
  select bucket, id || '/sale', id, day from payments
), journals as (
  insert into acquirer.ledger_journal (bucket, id, business_date, kind, occurred_at)
  select bucket, id, day, 'sale', at from payments
), entries as (
  insert into acquirer.ledger_entry (bucket, journal_id, leg, business_date, account_id, amount)
  select p.bucket, p.id, leg, day, a.id, case leg when 1 then -amount when 2 then amount - fee else fee end
    from payments p cross join generate_series(1, 3) leg
    join acquirer.ledger_account a on a.bucket = p.bucket and a.code =
      case leg when 1 then 'network:receivable' when 2 then 'merchant:' || merchant || ':payable' else 'fee:income' end
)
insert into acquirer.outbox (bucket, type, version, payload, occurred_at)
select bucket, 'transaction-approved', 1, jsonb_build_object('transaction', id, 'amount', amount, 'merchant', merchant), at
  from payments`;
}

/** The database with at least so many payments, in millions; filled where it is not there. */
export async function storedDatabase(
  house: House,
  millions: number,
  log: (line: string) => void,
): Promise<string> {
  const name = `stored_${Math.round(millions * 1000)}k`;
  const url = house.url(name);
  const known = await query(
    house.hosts.url,
    `select from pg_database where datname = '${name}' and datistemplate`,
  );
  if (known.length === 0) {
    log(`storing ${millions} million payments, once`);
    await query(house.hosts.url, `drop database if exists ${name} with (force)`);
    await query(house.hosts.url, `create database ${name} template fresh`);
    const [today] = await query(
      url,
      "select max(business_date)::text as day from acquirer.ledger_day",
    );
    const last = String(today?.["day"]);
    // Spread over the days that are open: today's partition is not empty either.
    const [days] = await query(
      url,
      `select array_agg(business_date::text order by business_date) as days
         from acquirer.ledger_day where business_date <= '${last}'`,
    );
    const list = Array.isArray(days?.["days"]) ? days["days"].map(String) : [last];
    for (let from = 0; from < millions * 1e6; from += STEP) {
      const day = list[Math.floor((from / (millions * 1e6)) * list.length)] ?? last;
      await query(url, fill(from, Math.min(from + STEP, millions * 1e6), day));
      log(`${Math.min(from / 1e6 + STEP / 1e6, millions)} million`);
    }
    await query(url, "vacuum analyze");
    // The mark of a whole one: a fill that was cut short is begun anew.
    await query(house.hosts.url, `alter database ${name} is_template true`);
  }
  await openDays(url);
  return url;
}
