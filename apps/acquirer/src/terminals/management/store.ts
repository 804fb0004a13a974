/** The SQL of terminal management. */
import {
  instantOf,
  integerOrNull,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
  type Sql,
} from "@tillway/database";
import type { DownloadObject, ObjectKind } from "./objects.ts";
import { scopes, type Given, type Scope } from "./parameters.ts";
import { tasks, type Task } from "./tasks.ts";

export const terminalStates = ["ready", "locked", "tampered"] as const;
export type TerminalState = (typeof terminalStates)[number];

export type ManagedTerminal = {
  readonly tid: string;
  readonly mid: string;
  readonly merchantName: string;
  readonly store: string | null;
  readonly serial: string;
  readonly state: TerminalState;
  readonly status: string;
  readonly batch: string;
  readonly place: {
    readonly latitude: number;
    readonly longitude: number;
    readonly radiusMetres: number;
  } | null;
  readonly software: string | null;
  readonly wantedSoftware: string | null;
  readonly hardware: string | null;
  readonly seenAt: number | null;
  readonly tasks: readonly Task[];
};

const COLUMNS = `t.tid, t.mid, m.name as merchant_name, t.store::text as store, t.serial, t.state, t.status,
  t.batch, t.latitude, t.longitude, t.radius_metres, t.software, t.wanted_software, t.hardware, t.seen_at,
  coalesce((select string_agg(k.task, ',' order by k.task) from terminal_task k where k.tid = t.tid), '')
    as tasks`;

/** Tasks as the column of a query lists them. */
export function tasksOf(text: string): Task[] {
  const named = text.split(",");
  return tasks.filter((task) => named.includes(task));
}

function managedOf(row: Row): ManagedTerminal {
  const latitude = integerOrNull(row, "latitude");
  const longitude = integerOrNull(row, "longitude");
  const radiusMetres = integerOrNull(row, "radius_metres");
  const bound = latitude !== null && longitude !== null && radiusMetres !== null;
  return {
    tid: textOf(row, "tid"),
    mid: textOf(row, "mid"),
    merchantName: textOf(row, "merchant_name"),
    store: textOrNull(row, "store"),
    serial: textOf(row, "serial"),
    state: wordOf(row, "state", terminalStates),
    status: textOf(row, "status"),
    batch: textOf(row, "batch"),
    place: bound ? { latitude, longitude, radiusMetres } : null,
    software: textOrNull(row, "software"),
    wantedSoftware: textOrNull(row, "wanted_software"),
    hardware: textOrNull(row, "hardware"),
    seenAt: row["seen_at"] === null ? null : instantOf(row, "seen_at"),
    tasks: tasksOf(textOf(row, "tasks")),
  };
}

/** Terminals by number after `after`, at most `limit`. */
export async function listManaged(
  sql: Sql,
  page: { readonly after: string; readonly limit: number; readonly mid?: string | undefined },
): Promise<ManagedTerminal[]> {
  const found = await sql.query(
    `select ${COLUMNS} from terminal t join merchant m on m.mid = t.mid
      where t.tid > $1 and ($2::text is null or t.mid = $2) order by t.tid limit $3`,
    [page.after, page.mid ?? null, page.limit],
  );
  return found.rows.map(managedOf);
}

export async function readManaged(sql: Sql, tid: string): Promise<ManagedTerminal | undefined> {
  const found = await sql.query(
    `select ${COLUMNS} from terminal t join merchant m on m.mid = t.mid where t.tid = $1`,
    [tid],
  );
  const row = found.rows[0];
  return row && managedOf(row);
}

/** Moves a terminal from one of some states to another; whether it was in one of them. */
export async function moveState(
  sql: Sql,
  tid: string,
  from: readonly TerminalState[],
  to: TerminalState,
): Promise<boolean> {
  const moved = await sql.query(
    "update terminal set state = $3 where tid = $1 and state = any($2::text[]) returning tid",
    [tid, from, to],
  );
  return moved.rows.length > 0;
}

export async function setPlace(
  sql: Sql,
  tid: string,
  place: ManagedTerminal["place"],
): Promise<boolean> {
  const set = await sql.query(
    `update terminal set latitude = $2, longitude = $3, radius_metres = $4 where tid = $1
     returning tid`,
    [tid, place?.latitude ?? null, place?.longitude ?? null, place?.radiusMetres ?? null],
  );
  return set.rows.length > 0;
}

export async function setWantedSoftware(sql: Sql, tid: string, version: string): Promise<boolean> {
  const set = await sql.query(
    "update terminal set wanted_software = $2 where tid = $1 returning tid",
    [tid, version],
  );
  return set.rows.length > 0;
}

/** What a terminal told of itself; null where it said nothing of it. */
export async function keepStatus(
  sql: Sql,
  tid: string,
  told: { readonly hardware: string | null; readonly software: string | null },
): Promise<void> {
  await sql.query(
    `update terminal set hardware = coalesce($2, hardware), software = coalesce($3, software)
      where tid = $1`,
    [tid, told.hardware, told.software],
  );
}

/** Last contacts, many at once. */
export async function keepSeen(
  sql: Sql,
  seen: readonly { readonly tid: string; readonly at: number }[],
): Promise<void> {
  await sql.query(
    `update terminal t set seen_at = greatest(t.seen_at, s.at)
       from unnest($1::text[], $2::timestamptz[]) as s (tid, at) where t.tid = s.tid`,
    [seen.map(({ tid }) => tid), seen.map(({ at }) => toInstant(at))],
  );
}

const BELOW: Readonly<Record<Scope, string>> = {
  institution: "$1 = ''",
  merchant: "t.mid = $1",
  store: "t.store::text = $1",
  terminal: "t.tid = $1",
};

/** Asks every terminal below a scope to do something. Returns their numbers. */
export async function askBelow(
  sql: Sql,
  scope: Scope,
  owner: string,
  task: Task,
  at: number,
): Promise<string[]> {
  const asked = await sql.query(
    `insert into terminal_task (tid, task, asked_at)
     select t.tid, $2, $3::timestamptz from terminal t where ${BELOW[scope]}
     on conflict (tid, task) do update set asked_at = excluded.asked_at
     returning tid`,
    [owner, task, toInstant(at)],
  );
  return asked.rows.map((row) => textOf(row, "tid"));
}

/** A terminal did what it was asked for. What was asked for after `before` stands. */
export async function finishTask(sql: Sql, tid: string, task: Task, before: number): Promise<void> {
  await sql.query("delete from terminal_task where tid = $1 and task = $2 and asked_at <= $3", [
    tid,
    task,
    toInstant(before),
  ]);
}

/** Whether something with this name stands at a scope. */
export async function ownerExists(sql: Sql, scope: Scope, owner: string): Promise<boolean> {
  if (scope === "institution") return owner === "";
  const query = {
    merchant: "select 1 as known from merchant where mid = $1",
    store: "select 1 as known from store where id::text = $1",
    terminal: "select 1 as known from terminal where tid = $1",
  }[scope];
  return (await sql.query(query, [owner])).rows.length > 0;
}

/** Sets a parameter; null takes it away, so that the wider scope's value holds. */
export async function putParameter(
  sql: Sql,
  scope: Scope,
  owner: string,
  name: string,
  value: string | null,
  at: number,
): Promise<void> {
  if (value === null) {
    await sql.query(
      "delete from terminal_parameter where scope = $1 and owner = $2 and name = $3",
      [scope, owner, name],
    );
    return;
  }
  await sql.query(
    `insert into terminal_parameter (scope, owner, name, value, changed_at)
     values ($1, $2, $3, $4, $5)
     on conflict (scope, owner, name) do update
       set value = excluded.value, changed_at = excluded.changed_at`,
    [scope, owner, name, value, toInstant(at)],
  );
}

/** What the scopes of a terminal give. */
export async function parametersFor(sql: Sql, tid: string): Promise<Given[]> {
  const found = await sql.query(
    `select p.scope, p.name, p.value
       from terminal t
       join terminal_parameter p
         on (p.scope, p.owner) in (('institution', ''), ('merchant', t.mid),
              ('store', coalesce(t.store::text, '-')), ('terminal', t.tid))
      where t.tid = $1`,
    [tid],
  );
  return found.rows.map((row) => ({
    scope: wordOf(row, "scope", scopes),
    name: textOf(row, "name"),
    value: textOf(row, "value"),
  }));
}

/** Makes these the objects of their kind. Returns whether anything changed. */
export async function putObjects(
  sql: Sql,
  kind: ObjectKind,
  objects: readonly DownloadObject[],
  at: number,
): Promise<boolean> {
  const names = objects.map(({ name }) => name);
  const gone = await sql.query(
    "delete from download_object where kind = $1 and not name = any($2::text[]) returning name",
    [kind, names],
  );
  const put = await sql.query(
    `insert into download_object (kind, name, content, changed_at)
     select $1, name, content, $4::timestamptz from unnest($2::text[], $3::text[]) as u (name, content)
     on conflict (kind, name) do update
       set content = excluded.content, changed_at = excluded.changed_at
       where download_object.content <> excluded.content
     returning name`,
    [kind, names, objects.map(({ content }) => content), toInstant(at)],
  );
  return gone.rows.length + put.rows.length > 0;
}

export async function objectNames(sql: Sql, kind: ObjectKind): Promise<string[]> {
  const found = await sql.query("select name from download_object where kind = $1 order by name", [
    kind,
  ]);
  return found.rows.map((row) => textOf(row, "name"));
}

export async function readObject(
  sql: Sql,
  kind: ObjectKind,
  name: string,
): Promise<string | undefined> {
  const found = await sql.query(
    "select content from download_object where kind = $1 and name = $2",
    [kind, name],
  );
  const row = found.rows[0];
  return row && textOf(row, "content");
}

export async function insertStore(
  sql: Sql,
  store: {
    readonly id: string;
    readonly mid: string;
    readonly name: string;
    readonly address: string;
  },
  at: number,
): Promise<void> {
  await sql.query(
    "insert into store (id, mid, name, address, created_at) values ($1, $2, $3, $4, $5)",
    [store.id, store.mid, store.name, store.address, toInstant(at)],
  );
}

/** Puts a terminal into a store of its own merchant; whether there is such a store. */
export async function moveToStore(sql: Sql, tid: string, store: string): Promise<boolean> {
  const moved = await sql.query(
    `update terminal t set store = s.id from store s
      where t.tid = $1 and s.id::text = $2 and s.mid = t.mid returning t.tid`,
    [tid, store],
  );
  return moved.rows.length > 0;
}
