/** Loads what decisions name, locked until their commit: cards and their accounts, then the rest. */
import { bigintOf, bucketOf, integerOf, textOf, type Row, type Sql } from "@tillway/database";
import { readCard, SELECT_CARD } from "../../cards/index.ts";
import { cardholderAccount } from "../../ledger/index.ts";
import type { AccountFacts } from "../authorisation.ts";
import { offlineUse, type Loaded } from "../book.ts";
import type { Names } from "../store.ts";
import { readAuthorisation, readHold, scriptsOf, SELECTED } from "./rows.ts";

/**
 * Cards with the balances of their accounts, both locked. Whoever holds the balance decides alone on
 * the account; what is read after it is what the one before left.
 */
const CARDS = SELECT_CARD.replace(
  " from ",
  `, b.balance, b.floor,
    (select jsonb_agg(jsonb_build_object('id', s.id, 'command', s.command, 'tag', s.tag,
                                         'value', s.value) order by s.id)
       from issuer.script s where s.card = c.token and s.state = 'pending') as scripts
  from `,
);
const LOCKED = `${CARDS}
  join issuer.ledger_account l on l.bucket = a.bucket and l.code = '${cardholderAccount("")}' || a.id
  join issuer.ledger_balance b on b.bucket = l.bucket and b.account_id = l.id
 where c.token = any($1) order by c.token for update of c, b`;

/** Requests by key, with all that they follow, and the holds of those; tombstones by their key. */
const KNOWN = `
  with recursive named as (
    select k.key, k.kind, k.account_bucket as bucket, k.authorisation as id
      from unnest($1::smallint[], $2::text[]) as u (bucket, key)
      join issuer.request_key k on k.bucket = u.bucket and k.key = u.key
  ), chain as (
    select bucket, id from named where kind = 'authorisation'
    union
    select a.bucket, a.original_id from chain c
      join issuer.authorisation a on a.bucket = c.bucket and a.id = c.id
     where a.original_id is not null
  )
  select x.tombstone, ${SELECTED}
    from (select bucket, id, null as tombstone from chain
          union all select null, null, key from named where kind = 'tombstone') x
    left join issuer.authorisation a on a.bucket = x.bucket and a.id = x.id
    left join issuer.hold h on h.bucket = a.bucket and h.id = a.id`;

const HELD = `
  select h.account, sum(h.amount)::text as held
    from unnest($1::smallint[], $2::text[]) as u (bucket, account)
    join issuer.hold h on h.bucket = u.bucket and h.account = u.account and h.state = 'active'
   group by h.account`;

const OFFLINE = `
  select a.card, a.psn, a.atc
    from unnest($1::text[], $2::text[], $3::integer[]) as u (card, psn, atc)
    join issuer.authorisation a on a.card = u.card and a.atc = u.atc and a.psn = u.psn
   where a.type = 'offline chip sale' and a.state <> 'declined'`;

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

/** Everything that these decisions read, locked. */
export async function load(sql: Sql, names: readonly Names[]): Promise<Loaded> {
  const tokens = unique(names.flatMap(({ cards }) => cards));
  const keys = unique(names.flatMap(({ keys: own }) => own));
  const rows = tokens.length > 0 ? (await sql.query(LOCKED, [tokens])).rows : [];
  const cards = rows.map(readCard);
  const places = new Map(cards.map((card) => [card.account, card.accountBucket]));
  const held = await sql.query(HELD, [[...places.values()], [...places.keys()]]);
  const sums = new Map(held.rows.map((row) => [textOf(row, "account"), bigintOf(row, "held")]));
  const known = (await sql.query(KNOWN, [keys.map(bucketOf), keys])).rows;
  const stored = known.filter((row) => row["tombstone"] === null);
  return {
    cards,
    accounts: rows.map((row) => accountOf(row, sums)),
    authorisations: stored.map(readAuthorisation),
    tombstones: known
      .filter((row) => row["tombstone"] !== null)
      .map((row) => textOf(row, "tombstone")),
    holds: stored.flatMap((row) => readHold(row) ?? []),
    scripts: rows.flatMap((row) =>
      scriptsOf(row["scripts"]).map((script) => ({ ...script, card: textOf(row, "token") })),
    ),
    offline: await offlineUses(sql, names),
  };
}

function accountOf(row: Row, held: ReadonlyMap<string, bigint>): AccountFacts {
  const id = textOf(row, "account");
  return {
    id,
    bucket: integerOf(row, "account_bucket"),
    currency: textOf(row, "currency"),
    creditLimit: -bigintOf(row, "floor"),
    balance: bigintOf(row, "balance"),
    held: held.get(id) ?? 0n,
  };
}

async function offlineUses(sql: Sql, names: readonly Names[]): Promise<string[]> {
  const asked = names.flatMap(({ offline }) => (offline ? [offline] : []));
  if (asked.length === 0) return [];
  const { rows } = await sql.query(OFFLINE, [
    asked.map((one) => one.card),
    asked.map((one) => one.psn),
    asked.map((one) => one.atc),
  ]);
  return rows.map((row) =>
    offlineUse(textOf(row, "card"), textOf(row, "psn"), integerOf(row, "atc")),
  );
}
