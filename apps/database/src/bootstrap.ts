import { inTransaction, SIDES, sqlState, textOf, type Side, type Sql } from "@tillway/database";
import { DatabaseProblem } from "./problem.ts";

/**
 * Prepares a database for the acquirer and the issuer: for each a role that owns a schema, without
 * access to the other's. Idempotent; what stands already needs no rights. One connection, as a user
 * that stays able to take both roles. Throws DatabaseProblem with the statements that an
 * administrator must run where rights are missing.
 */
export async function bootstrap(sql: Sql): Promise<void> {
  try {
    for (const side of Object.values(SIDES)) {
      await ensureRole(sql, side);
      await ensureSchema(sql, side);
    }
    await closePublic(sql);
  } catch (error) {
    if (sqlState(error) !== "42501") throw error;
    throw new DatabaseProblem(await whatToRun(sql));
  }
}

async function ensureRole(sql: Sql, { role }: Side): Promise<void> {
  const known = await sql.query("select from pg_roles where rolname = $1", [role]);
  if (known.rows.length === 0) {
    try {
      await sql.query(`create role ${role} nologin`);
    } catch (error) {
      // Somebody else made it in this moment: the same for us.
      if (sqlState(error) !== "42710" && sqlState(error) !== "23505") throw error;
    }
  }
  if (await canBecome(sql, role)) return;
  // Since PostgreSQL 16 the maker of a role may hand it out, but must do so to itself as well.
  await sql.query(`grant ${role} to current_user`);
}

async function canBecome(sql: Sql, role: string): Promise<boolean> {
  await sql.query("begin");
  try {
    await sql.query(`set local role ${role}`);
    return true;
  } catch (error) {
    if (sqlState(error) !== "42501") throw error;
    return false;
  } finally {
    await sql.query("rollback");
  }
}

async function ensureSchema(sql: Sql, { role, schema }: Side): Promise<void> {
  const found = await sql.query(
    "select pg_get_userbyid(nspowner)::text as owner from pg_namespace where nspname = $1",
    [schema],
  );
  const [row] = found.rows;
  if (row === undefined) {
    await sql.query(`create schema if not exists ${schema} authorization ${role}`);
    await sql.query(`revoke all on schema ${schema} from public`);
    return;
  }
  const owner = textOf(row, "owner");
  if (owner === role) return;
  throw new DatabaseProblem(
    `the database has a schema ${schema} that belongs to ${owner}, not to ${role}: ` +
      "use an empty database for Tillway",
  );
}

/** Nobody makes tables in `public`, where both sides would see them (PostgreSQL up to 14). */
async function closePublic(sql: Sql): Promise<void> {
  await inTransaction(sql, async () => {
    const open = await sql.query(
      `select from pg_namespace n, pg_roles r
        where n.nspname = 'public' and r.rolname = any($1::text[])
          and has_schema_privilege(r.oid, n.oid, 'CREATE')`,
      [Object.values(SIDES).map((side) => side.role)],
    );
    if (open.rows.length > 0) await sql.query("revoke create on schema public from public");
  });
}

async function whatToRun(sql: Sql): Promise<string> {
  const found = await sql.query(
    `select quote_ident(current_user) as me, quote_ident(current_database()) as here`,
  );
  const [row] = found.rows;
  const me = row === undefined ? "…" : textOf(row, "me");
  const here = row === undefined ? "…" : textOf(row, "here");
  const statements = Object.values(SIDES).flatMap(({ role, schema }) => [
    `create role ${role} nologin;`,
    `grant ${role} to ${me};`,
    `create schema ${schema} authorization ${role};`,
  ]);
  return (
    `the user ${me} of DATABASE_URL may not prepare the database ${here}; ` +
    `let its administrator run there: ${statements.join(" ")} revoke create on schema public from public;`
  );
}
