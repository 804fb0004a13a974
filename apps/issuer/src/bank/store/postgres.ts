/** The bank's store on PostgreSQL: decisions that wait while a commit is in flight share the next. */
import { integerOf, Lanes, textOf, textOrNull, toInstant, wordOf } from "@tillway/database";
import type { Sql } from "@tillway/database";
import type { Clock } from "@tillway/link";
import { findCards, type CardRecord } from "../../cards/index.ts";
import { batch, withClient, type Database } from "../../db/index.ts";
import { SCRIPT_COMMANDS, type Script } from "../authorisation.ts";
import { Book } from "../book.ts";
import type { BankStore, Names, OrderedScript, Overdue, Step } from "../store.ts";
import { load } from "./load.ts";
import { write } from "./write.ts";

/** One writer: the fewer there are, the more each commit holds (docs/decisions/0004). */
const LANES = 1;

type Waiting = { readonly names: Names; readonly decide: (book: Book) => void };

export function bankStore(database: Database, clock: Clock): BankStore {
  const lanes = new Lanes<Waiting, undefined>({
    lanes: LANES,
    soon: setImmediate,
    run: async (_lane, steps) => {
      await batch(database, async (sql) => {
        const book = new Book(
          await load(
            sql,
            steps.map(({ names }) => names),
          ),
        );
        for (const { decide } of steps) decide(book);
        await write(sql, book.changes(), clock.now());
      });
      return steps.map(() => undefined);
    },
  });
  // Reads that arrive together are one statement.
  const reads = new Lanes<string, CardRecord | undefined>({
    lanes: 1,
    soon: setImmediate,
    run: async (_lane, tokens) => {
      const found = await withClient(database, (sql) => findCards(sql, tokens, "read"));
      const cards = new Map(found.map((card) => [card.token, card]));
      return tokens.map((token) => cards.get(token));
    },
  });
  return {
    card: (token) => reads.submit(0, token),
    run: async <T>({ bucket, names, decide }: Step<T>): Promise<T> => {
      let outcome: { readonly value: T } | undefined;
      const step = (book: Book): void => {
        outcome = { value: decide(book) };
      };
      await lanes.submit(bucket, { names, decide: step });
      if (!outcome) throw new Error("a decision was committed without being made");
      return outcome.value;
    },
    overdue: (now, limit) => withClient(database, (sql) => overdue(sql, now, limit)),
    order: (name, script, now) => withClient(database, (sql) => order(sql, name, script, now)),
    ordered: (name) => withClient(database, (sql) => ordered(sql, name)),
  };
}

async function overdue(sql: Sql, now: number, limit: number): Promise<Overdue[]> {
  const { rows } = await sql.query(
    `select key, card, bucket from issuer.authorisation
     where state = 'approved' and expires_at <= $1 order by expires_at limit $2`,
    [toInstant(now), limit],
  );
  return rows.map((row) => ({
    key: textOf(row, "key"),
    card: textOf(row, "card"),
    bucket: integerOf(row, "bucket"),
  }));
}

async function order(
  sql: Sql,
  name: string,
  script: Omit<Script, "id">,
  now: number,
): Promise<number | undefined> {
  const { rows } = await sql.query(
    `insert into issuer.script (card, command, tag, value, asked_at)
     select token, $2, $3, $4, $5 from issuer.card where name = $1 returning id`,
    [name, script.command, script.tag ?? null, script.value ?? null, toInstant(now)],
  );
  return rows[0] && integerOf(rows[0], "id");
}

async function ordered(sql: Sql, name: string): Promise<OrderedScript[] | undefined> {
  const { rows } = await sql.query(
    `select s.id, s.command, s.tag, s.value, s.state
     from issuer.card c left join issuer.script s on s.card = c.token
     where c.name = $1 order by s.id desc`,
    [name],
  );
  if (rows.length === 0) return undefined;
  return rows
    .filter((row) => row["id"] !== null)
    .map((row) => ({
      id: integerOf(row, "id"),
      command: wordOf(row, "command", SCRIPT_COMMANDS),
      tag: textOrNull(row, "tag") ?? undefined,
      value: textOrNull(row, "value") ?? undefined,
      state: wordOf(row, "state", ["pending", "sent", "done", "failed"]),
    }));
}
