/** The acquirer's connections: one role, one schema. */
import {
  connectionUrl,
  inTransaction,
  LANE_SETTINGS,
  prepared,
  SIDES,
  type Sql,
} from "@tillway/database";
import { Client, Pool, type PoolClient } from "pg";

/** Connections for everything but the writing of payments, which has lanes of its own. */
export type Database = {
  readonly url: string;
  readonly use: <T>(run: (sql: Sql) => Promise<T>) => Promise<T>;
  /** One database transaction, again on 40001 and 40P01. */
  readonly transaction: <T>(run: (sql: Sql) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
};

/** `onLost` hears of connections that broke; the pool makes new ones. */
export function openPool(
  databaseUrl: string,
  onLost: (error: Error) => void,
  connections = 6,
): Database {
  const url = connectionUrl(databaseUrl, SIDES.acquirer);
  const pool = new Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    application_name: "tillway-acquirer",
  });
  pool.on("error", onLost);
  // A connection in use that breaks emits its error besides failing its query.
  pool.on("connect", (client) => client.on("error", onLost));
  // Statements are few and fixed: each connection plans them once.
  const known = new WeakMap<PoolClient, Sql>();
  const preparedOf = (client: PoolClient): Sql => {
    const sql = known.get(client) ?? prepared(client);
    known.set(client, sql);
    return sql;
  };
  const use = async <T>(run: (sql: Sql) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    let broken = true;
    try {
      const result = await run(preparedOf(client));
      broken = false;
      return result;
    } finally {
      // After a failure the state of the connection is unknown: it is not used again.
      client.release(broken);
    }
  };
  return {
    url,
    use,
    transaction: (run) => use((sql) => inTransaction(sql, () => run(sql))),
    close: () => pool.end(),
  };
}

/** One writer connection with prepared statements; opened when needed and anew after a failure. */
export type Lane = {
  readonly transaction: <T>(run: (sql: Sql) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
};

type Open = { readonly client: Client; readonly sql: Sql };

export function openLane(url: string, onLost: (error: Error) => void): Lane {
  let open: Promise<Open> | undefined;
  const connect = async (): Promise<Open> => {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: 10_000,
      application_name: "tillway-acquirer-lane",
    });
    client.on("error", (error) => {
      open = undefined;
      onLost(error);
    });
    await client.connect();
    await client.query(LANE_SETTINGS);
    return { client, sql: prepared(client) };
  };
  return {
    transaction: async (run) => {
      open ??= connect();
      const mine = open;
      try {
        const { sql } = await mine;
        return await inTransaction(sql, () => run(sql));
      } catch (error) {
        // Constraint failures were rolled back; a broken connection must not be used again.
        const broken = await mine.then(
          ({ client }) =>
            client.query("select 1").then(
              () => false,
              () => true,
            ),
          () => true,
        );
        if (broken && open === mine) {
          open = undefined;
          void mine.then(({ client }) => client.end()).catch(() => undefined);
        }
        throw error;
      }
    },
    close: async () => {
      const last = open;
      open = undefined;
      await last?.then(({ client }) => client.end()).catch(() => undefined);
    },
  };
}
