import {
  booleanOf,
  integerOf,
  integerOrNull,
  Lanes,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
  type Sql,
} from "@tillway/database";
import type { Database } from "../db/index.ts";
import type { Registry } from "./registry.ts";
import { requirement, tasksOf, terminalStates } from "./management/index.ts";
import type { KeySession, Merchant, Terminal } from "./terminal.ts";

const statuses = ["active", "suspended"] as const;

function sessionOf(row: Row): KeySession | undefined {
  const pik = textOrNull(row, "pik");
  if (pik === null) return undefined;
  return {
    version: integerOf(row, "version"),
    pik,
    mak: textOf(row, "mak"),
    tdk: textOf(row, "tdk"),
  };
}

function placeOf(row: Row): Terminal["place"] {
  const latitude = integerOrNull(row, "latitude");
  const longitude = integerOrNull(row, "longitude");
  const radiusMetres = integerOrNull(row, "radius_metres");
  return latitude === null || longitude === null || radiusMetres === null
    ? undefined
    : { latitude, longitude, radiusMetres };
}

function terminalOf(row: Row): Terminal {
  return {
    tid: textOf(row, "tid"),
    serial: textOf(row, "serial"),
    status: wordOf(row, "status", statuses),
    tmk: textOf(row, "tmk"),
    batch: textOf(row, "batch"),
    state: wordOf(row, "state", terminalStates),
    place: placeOf(row),
    requirement: requirement(tasksOf(textOf(row, "tasks"))),
    settling: booleanOf(row, "settling"),
    session: sessionOf(row),
    merchant: {
      mid: textOf(row, "mid"),
      bucket: integerOf(row, "bucket"),
      name: textOf(row, "name"),
      nameZh: textOf(row, "name_zh"),
      mcc: textOf(row, "mcc"),
      currency: textOf(row, "currency"),
      feePpm: integerOf(row, "fee_ppm"),
      status: wordOf(row, "merchant_status", statuses),
    },
  };
}

/** Terminals with their merchant and their newest key session, by number; unknown ones are left out. */
async function readTerminals(sql: Sql, tids: readonly string[]): Promise<Map<string, Terminal>> {
  const found = await sql.query(
    `select t.tid, t.serial, t.status, t.tmk, t.batch, t.settling, t.state, t.latitude,
            t.longitude, t.radius_metres, m.mid, m.bucket, m.name, m.name_zh, m.mcc,
            m.currency, m.fee_ppm, m.status as merchant_status, k.version, k.pik, k.mak, k.tdk,
            coalesce((select string_agg(d.task, ',') from terminal_task d where d.tid = t.tid), '')
              as tasks
       from terminal t
       join merchant m on m.mid = t.mid
       left join key_session k on k.tid = t.tid and k.version = t.session
      where t.tid = any($1::text[])`,
    [[...tids]],
  );
  return new Map(found.rows.map(terminalOf).map((terminal) => [terminal.tid, terminal]));
}

/**
 * Stores the keys of a new session and makes it the newest; the one before stays, older ones go.
 * Returns its version. In a transaction.
 */
async function insertSession(
  sql: Sql,
  tid: string,
  keys: Pick<KeySession, "pik" | "mak" | "tdk">,
  at: number,
): Promise<number> {
  const raised = await sql.query(
    "update terminal set session = session + 1 where tid = $1 returning session",
    [tid],
  );
  const version = integerOf(raised.rows[0] ?? {}, "session");
  await sql.query(
    `insert into key_session (tid, version, pik, mak, tdk, created_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [tid, version, keys.pik, keys.mak, keys.tdk, toInstant(at)],
  );
  await sql.query("delete from key_session where tid = $1 and version < $2", [tid, version - 1]);
  return version;
}

/** Takes a terminal's working keys away: it has to sign in again. In a transaction. */
async function endSession(sql: Sql, tid: string): Promise<void> {
  await sql.query("update terminal set session = session + 1 where tid = $1", [tid]);
  await sql.query("delete from key_session where tid = $1", [tid]);
}

/** Registers a merchant; what is registered already stays as it is. */
export async function insertMerchant(sql: Sql, merchant: Merchant, at: number): Promise<void> {
  const { mid, bucket, name, nameZh, mcc, currency, feePpm, status } = merchant;
  await sql.query(
    `insert into merchant (mid, bucket, name, name_zh, mcc, currency, fee_ppm, status, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (mid) do nothing`,
    [mid, bucket, name, nameZh, mcc, currency, feePpm, status, toInstant(at)],
  );
}

export type NewTerminal = {
  readonly tid: string;
  readonly mid: string;
  readonly serial: string;
  readonly tmk: string;
  readonly tmkKcv: string;
};

/** Registers a terminal, or gives a registered one a new TMK; its batch and STANs stay. */
export async function upsertTerminal(sql: Sql, terminal: NewTerminal, at: number): Promise<void> {
  const { tid, mid, serial, tmk, tmkKcv } = terminal;
  await sql.query(
    `insert into terminal (tid, mid, serial, status, tmk, tmk_kcv, batch, created_at)
     values ($1, $2, $3, 'active', $4, $5, '000001', $6)
     on conflict (tid) do update
       set tmk = excluded.tmk, tmk_kcv = excluded.tmk_kcv, state = 'ready'`,
    [tid, mid, serial, tmk, tmkKcv, toInstant(at)],
  );
}

/**
 * A registered terminal's new TMK: the working keys under the old one go, and a tampered terminal is
 * taken again. False: it is not registered. In a transaction.
 */
export async function replaceMasterKey(
  sql: Sql,
  tid: string,
  tmk: string,
  kcv: string,
): Promise<boolean> {
  const changed = await sql.query(
    `update terminal set tmk = $2, tmk_kcv = $3,
            state = case state when 'tampered' then 'ready' else state end
      where tid = $1 returning tid`,
    [tid, tmk, kcv],
  );
  if (changed.rows.length === 0) return false;
  await endSession(sql, tid);
  return true;
}

/** A key of the installation by name ("zmk", "pan-token", "pan-seal"), or undefined. */
export async function readInstallationKey(sql: Sql, name: string): Promise<string | undefined> {
  const found = await sql.query("select block from installation_key where name = $1", [name]);
  const row = found.rows[0];
  return row && textOf(row, "block");
}

/** Stores a key of the installation; with `keep`, one that is there already stays. */
export async function putInstallationKey(
  sql: Sql,
  key: { readonly name: string; readonly block: string; readonly kcv: string },
  at: number,
  keep: boolean,
): Promise<void> {
  await sql.query(
    `insert into installation_key (name, block, kcv, created_at) values ($1, $2, $3, $4)
     on conflict (name) do ${keep ? "nothing" : "update set block = excluded.block, kcv = excluded.kcv"}`,
    [key.name, key.block, key.kcv, toInstant(at)],
  );
}

/** Stores a working key of the network link as its newest. */
export async function insertLinkKey(
  sql: Sql,
  key: {
    readonly link: string;
    readonly usage: "zpk" | "zak";
    readonly block: string;
    readonly kcv: string;
  },
  at: number,
): Promise<void> {
  await sql.query(
    "insert into link_key (link, usage, block, kcv, created_at) values ($1, $2, $3, $4, $5)",
    [key.link, key.usage, key.block, key.kcv, toInstant(at)],
  );
  await sql.query(
    `delete from link_key where link = $1 and usage = $2 and version < (
       select coalesce(min(version), 0) from (
         select version from link_key where link = $1 and usage = $2 order by version desc limit 2) newest)`,
    [key.link, key.usage],
  );
}

/** The newest keys of a link, newest first, at most two. */
export async function readLinkKeys(
  sql: Sql,
  link: string,
  usage: "zpk" | "zak",
): Promise<string[]> {
  const found = await sql.query(
    "select block from link_key where link = $1 and usage = $2 order by version desc limit 2",
    [link, usage],
  );
  return found.rows.map((row) => textOf(row, "block"));
}

/** The registry on PostgreSQL. */
export function postgresRegistry(database: Database): Registry {
  // Those that are asked for while a query is under way are read together by the next one.
  const reading = new Lanes<string, Terminal | undefined>({
    lanes: 1,
    soon: setImmediate,
    run: async (_lane, tids) => {
      const found = await database.use((sql) => readTerminals(sql, tids));
      return tids.map((tid) => found.get(tid));
    },
    bisects: () => false,
  });
  return {
    terminal: (tid) => reading.submit(0, tid),
    startSession: (tid, keys, at) =>
      database.transaction((sql) => insertSession(sql, tid, keys, at)),
    endSession: (tid) => database.transaction((sql) => endSession(sql, tid)),
  };
}
