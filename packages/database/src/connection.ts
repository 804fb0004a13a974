import { sqlName, type Rows, type Sql } from "./sql.ts";

/** The two parties that share one database, each with a role and a schema of its own. */
export const SIDES = {
  acquirer: { role: "tillway_acquirer", schema: "acquirer" },
  issuer: { role: "tillway_issuer", schema: "issuer" },
} as const;

export type Side = { readonly role: string; readonly schema: string };

/**
 * The address of a database with the role and the schema of one side as options of the connection.
 * Options that the address already has are kept before ours.
 */
export function connectionUrl(databaseUrl: string, side: Side): string {
  const ours = `-c role=${sqlName(side.role)} -c search_path=${sqlName(side.schema)}`;
  const given = /[?&]options=([^&]*)/.exec(databaseUrl)?.[1];
  if (given !== undefined) {
    const both = encodeURIComponent(`${decodeURIComponent(given.replaceAll("+", " "))} ${ours}`);
    return databaseUrl.replace(/([?&]options=)[^&]*/, (_, before: string) => before + both);
  }
  const joint = databaseUrl.includes("?") ? "&" : "?";
  return `${databaseUrl}${joint}options=${encodeURIComponent(ours)}`;
}

/**
 * Statements for a connection that runs batches over arrays: a generic plan cannot know how long
 * an array is and would else choose to read whole tables.
 */
export const LANE_SETTINGS = [
  "set plan_cache_mode = force_generic_plan",
  "set enable_seqscan = off",
  "set enable_hashjoin = off",
  "set enable_mergejoin = off",
].join("; ");

/** A client that takes named statements; `pg.Client` does. */
export type PreparingClient = {
  query(text: string): Promise<Rows>;
  query(statement: { name: string; text: string; values: unknown[] }): Promise<Rows>;
};

/**
 * The same connection with every statement that has values prepared once, by a name of its text.
 * For the fixed statements of a hot path only: each new text stays in the server's memory.
 */
export function prepared(client: PreparingClient): Sql {
  const names = new Map<string, string>();
  return {
    query: (text, values) => {
      if (values === undefined) return client.query(text);
      const name = names.get(text) ?? `s${names.size + 1}`;
      names.set(text, name);
      return client.query({ name, text, values });
    },
  };
}
