/** Who may use the HTTP API. */
import { uuidv7 } from "@tillway/money";
import type { Database } from "../db/index.ts";
import { apiKeyFrom, bearerKey, hashOf } from "./api-key.ts";
import { insertKey, isKnown } from "./store.ts";

export type Access = {
  /** Whether an Authorization header holds a key that is good. */
  readonly allows: (authorization: string | undefined) => Promise<boolean>;
};

export function openAccess(database: Database): Access {
  return {
    allows: async (authorization) => {
      const key = bearerKey(authorization);
      if (key === undefined) return false;
      return database.use((sql) => isKnown(sql, hashOf(key)));
    },
  };
}

/** Whether this text is a key that is good. */
export async function isGoodKey(database: Database, key: string): Promise<boolean> {
  return openAccess(database).allows(`Bearer ${key}`);
}

/** A new key, told once: only its hash is kept. */
export async function makeApiKey(
  database: Database,
  name: string,
  random: (length: number) => Uint8Array,
  now: number,
): Promise<string> {
  const key = apiKeyFrom(random(32));
  const id = uuidv7(now, random(10));
  await database.use((sql) => insertKey(sql, { id, name, hash: hashOf(key) }, now));
  return key;
}
