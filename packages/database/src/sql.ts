/** One result set of a statement. */
export type Rows = { rows: Record<string, unknown>[]; rowCount: number | null };

/** What is needed of a connection; `pg.Client` and `pg.PoolClient` have it. */
export type Sql = { query(text: string, values?: unknown[]): Promise<Rows> };

/** The SQLSTATE of an error that the server reported, else undefined. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^[0-9FHPX][0-9A-Z]{4}$/.test(error.code)
    ? error.code
    : undefined;
}

/**
 * A name checked for use in SQL text as it stands (schemas, roles, tables): lower-case letters,
 * digits, underscores, at most 40. Throws RangeError otherwise.
 */
export function sqlName(name: string): string {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(name)) throw new RangeError("not a plain SQL name");
  return name;
}
