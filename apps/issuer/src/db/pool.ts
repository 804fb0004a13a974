/** The issuer's connections: one role, one schema, given to each room as `Database`. */
import { connectionUrl, inTransaction, LANE_SETTINGS, prepared } from "@tillway/database";
import { SIDES, type PreparingClient, type Sql } from "@tillway/database";
import { Pool } from "pg";

export type Client = Sql & PreparingClient & { readonly release: (broken?: boolean) => void };

/** Where connections come from: a pool here, whatever a test needs there. */
export type Database = {
  readonly connect: () => Promise<Client>;
  readonly close: () => Promise<void>;
};

/** A pool for the role and schema of the issuer. `onLost` hears of connections that broke. */
export function openPool(url: string, onLost: (error: Error) => void, connections = 8): Database {
  const pool = new Pool({
    connectionString: connectionUrl(url, SIDES.issuer),
    max: connections,
    connectionTimeoutMillis: 10_000,
    application_name: "tillway-issuer",
  });
  pool.on("error", onLost);
  // A connection in use that breaks emits its error besides failing its query.
  pool.on("connect", (client) => client.on("error", onLost));
  return { connect: () => pool.connect(), close: () => pool.end() };
}

/** Runs statements on one connection, which is given back whatever happens. */
export async function withClient<T>(
  database: Database,
  run: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await database.connect();
  let broken = true;
  try {
    const result = await run(client);
    broken = false;
    return result;
  } finally {
    // After a failure the state of the connection is unknown: the pool makes a new one.
    client.release(broken);
  }
}

/** Runs one database transaction on a connection of its own, again on 40001 and 40P01. */
export function transaction<T>(database: Database, run: (sql: Sql) => Promise<T>): Promise<T> {
  return withClient(database, (sql) => inTransaction(sql, () => run(sql)));
}

/** Statements of a connection that are prepared, once each. */
const preparedOn = new WeakMap<Client, Sql>();

/** `begin` with plans for arrays until the commit (see `LANE_SETTINGS`), as one message. */
const BEGIN = `begin; ${LANE_SETTINGS.replaceAll("set ", "set local ")}`;

/**
 * Runs a batch of a hot path: a transaction as above whose statements, always the same few texts,
 * are prepared on their connection.
 */
export function batch<T>(database: Database, run: (sql: Sql) => Promise<T>): Promise<T> {
  return withClient(database, (client) => {
    const known = preparedOn.get(client) ?? prepared(client);
    preparedOn.set(client, known);
    const sql: Sql = {
      query: (text, values) => known.query(text === "begin" ? BEGIN : text, values),
    };
    return inTransaction(sql, () => run(sql));
  });
}

/** Reads with several statements that all see the same moment. */
export function atOneMoment<T>(database: Database, read: (sql: Sql) => Promise<T>): Promise<T> {
  return transaction(database, async (sql) => {
    await sql.query("set transaction isolation level repeatable read, read only");
    return read(sql);
  });
}
