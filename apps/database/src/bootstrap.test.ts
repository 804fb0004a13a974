import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectionUrl, SIDES } from "@tillway/database";
import { DatabaseProblem } from "./problem.ts";
import { prepareDatabase, withClient } from "./server.ts";
import { startTestDatabase, type TestDatabase } from "./testing.ts";

let database: TestDatabase;
before(async () => {
  database = await startTestDatabase();
});
after(() => database.stop());

const run = (url: string, text: string): Promise<unknown> =>
  withClient(url, (client) => client.query(text));

test("each side owns its schema and nothing of the other's, and not public", async () => {
  const url = await database.fresh("sides");
  const acquirer = connectionUrl(url, SIDES.acquirer);
  const issuer = connectionUrl(url, SIDES.issuer);
  await run(acquirer, "create table till (a int)");
  await run(issuer, "create table card (a int)");
  await run(acquirer, "select from acquirer.till");
  for (const forbidden of [
    "select from issuer.card",
    "create table issuer.mine (a int)",
    "create table public.mine (a int)",
    "create role more",
    "set role tillway_issuer",
  ]) {
    // The way in is a superuser's here; what counts is what the role may do.
    const text = forbidden.startsWith("set role")
      ? "select 1 / (not pg_has_role('tillway_acquirer', 'tillway_issuer', 'MEMBER'))::int"
      : forbidden;
    const outcome = run(acquirer, text);
    if (text === forbidden) await assert.rejects(outcome, { code: "42501" }, forbidden);
    else await outcome;
  }
  await withClient(issuer, async (client) => {
    const said = await client.query("select current_user::text as me, current_schema() as here");
    assert.deepEqual(said.rows, [{ me: "tillway_issuer", here: "issuer" }]);
  });
});

test("preparing again changes nothing and loses nothing", async () => {
  const url = await database.fresh("again");
  await run(connectionUrl(url, SIDES.issuer), "create table kept (a int)");
  await prepareDatabase(url);
  await run(connectionUrl(url, SIDES.issuer), "select from kept");
});

/** An empty database of an ordinary user, on a server with the roles or without them. */
async function ordinary(name: string, rights: string): Promise<string> {
  const bare = (await database.fresh(name)).replace(/\/[a-z0-9_]+\?/, `/bare_${name}?`);
  await run(database.url, `create role ${name} login ${rights}`);
  await run(database.url, `create database bare_${name} owner ${name}`);
  return bare.replace("//tillway@", `//${name}@`);
}

test("a user without the rights gets the statements for its administrator, which then suffice", async () => {
  const url = await ordinary("plain", "nocreaterole");
  let advice = "";
  await assert.rejects(prepareDatabase(url), (error) => {
    assert.ok(error instanceof DatabaseProblem);
    advice = error.message;
    return true;
  });
  assert.match(advice, /the user plain of DATABASE_URL may not prepare the database bare_plain/);
  const statements = advice
    .slice(advice.indexOf("create role"))
    .split("; ")
    // The roles belong to the whole server, where the tests before made them.
    .filter((statement) => !statement.startsWith("create role"));
  await run(url.replace("//plain@", "//tillway@"), statements.join(";"));
  await prepareDatabase(url);
  await run(connectionUrl(url, SIDES.acquirer), "create table mine (a int)");
});

test("a schema of somebody else's is left alone, and named", async () => {
  const url = await ordinary("other", "superuser");
  await run(url, "create schema acquirer");
  await assert.rejects(prepareDatabase(url), /schema acquirer that belongs to other/);
});

test("a user that may make roles, but is no superuser, prepares its database by itself", async (t) => {
  const own = await startTestDatabase();
  t.after(() => own.stop());
  await run(own.url, "create role maker login createrole");
  await run(own.url, "create database theirs owner maker");
  await run(own.url, "drop owned by tillway_acquirer, tillway_issuer");
  await run(own.url, "drop role tillway_acquirer, tillway_issuer");
  const url = own.url.replace("/tillway?", "/theirs?").replace("//tillway@", "//maker@");
  await prepareDatabase(url);
  await prepareDatabase(url);
  await run(connectionUrl(url, SIDES.issuer), "create table mine (a int)");
});
