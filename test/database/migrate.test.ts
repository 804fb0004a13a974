import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  connectionUrl,
  ensureDays,
  migrate,
  MigrationError,
  SIDES,
  type Migration,
} from "@tillway/database";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { withClient } from "../../apps/database/src/server.ts";

let database: TestDatabase;
before(async () => {
  database = await startTestDatabase();
});
after(() => database.stop());

const first: Migration = { number: 1, name: "first", sql: "create table one (a int)" };
const second: Migration = {
  number: 2,
  name: "second",
  sql: "create table two (a int);\ninsert into two values (1)",
};
const NOW = Date.UTC(2026, 10, 23, 12, 0, 0, 123);
const options = (migrations: readonly Migration[]) => ({
  ...SIDES.acquirer,
  migrations,
  now: NOW,
});

test("migrations are applied once, by the role, in the schema, with the time given", async () => {
  const url = await database.fresh("migrate");
  await withClient(url, async (client) => {
    assert.equal(await migrate(client, options([first])), 1);
    assert.equal(await migrate(client, options([first, second])), 1);
    assert.equal(await migrate(client, options([first, second])), 0);
    const owners = await client.query(
      "select tablename, tableowner from pg_tables where schemaname = 'acquirer' order by 1",
    );
    assert.deepEqual(
      owners.rows.map((row) => [row.tablename, row.tableowner]),
      ["migration", "one", "two"].map((name) => [name, "tillway_acquirer"]),
    );
    const times = await client.query("select applied_at from acquirer.migration");
    assert.deepEqual(
      times.rows.map((row) => row.applied_at.getTime()),
      [NOW, NOW],
    );
    const still = await client.query("select current_user::text as me, current_schema() as here");
    assert.deepEqual(still.rows, [{ me: "tillway", here: "public" }], "nothing stays set");
  });
});

test("a changed, a vanished and a missing migration are refused by name", async () => {
  const url = await database.fresh("refused");
  await withClient(url, async (client) => {
    await migrate(client, options([first, second]));
    const refused = async (migrations: readonly Migration[], why: RegExp): Promise<void> => {
      await assert.rejects(migrate(client, options(migrations)), (error) => {
        assert.ok(error instanceof MigrationError);
        assert.match(error.message, why);
        return true;
      });
    };
    await refused(
      [{ ...first, sql: `${first.sql} ` }, second],
      /migration 1 \(first\) was changed/,
    );
    await refused([first], /migration 2 \(second\), unknown to this older program/);
    await refused([second], /migration 1 is missing/);
    await client.query("delete from acquirer.migration where number = 1");
    await refused([first, second], /lacks migration 1 but has migration 2/);
  });
});

test("line ends of a checkout do not count as a change", async () => {
  const url = await database.fresh("ends");
  await withClient(url, async (client) => {
    await migrate(client, options([first, second]));
    const windows = { ...second, sql: second.sql.replaceAll("\n", "\r\n") };
    assert.equal(await migrate(client, options([first, windows])), 0);
  });
});

test("a migration that fails leaves nothing, those before it stay, and it can be mended", async () => {
  const url = await database.fresh("fails");
  await withClient(url, async (client) => {
    const bad = { ...second, sql: "create table two (a int); select no_such_column" };
    await assert.rejects(migrate(client, options([first, bad])), { code: "42703" });
    const tables = await client.query("select to_regclass('acquirer.two') is null as gone");
    assert.equal(tables.rows[0].gone, true);
    assert.equal(await migrate(client, options([first, second])), 1);
  });
});

test("four processes that migrate at once apply each migration once", async () => {
  const url = await database.fresh("at_once");
  const one = (): Promise<number> =>
    withClient(url, (client) => migrate(client, options([first, second])));
  const counts = await Promise.all([one(), one(), one(), one()]);
  assert.deepEqual(
    counts.sort((a, b) => a - b),
    [0, 0, 0, 2],
  );
});

test("day partitions are made once, also by two at once, and take their day's rows", async () => {
  const url = connectionUrl(await database.fresh("days"), SIDES.issuer);
  const table =
    "create table book (business_date date not null, a int, primary key (a, business_date))";
  await withClient(url, async (client) => {
    await client.query(`${table} partition by range (business_date)`);
    const make = (): Promise<number> =>
      withClient(url, (other) =>
        ensureDays(other, "issuer", ["book"], ["2026-12-31", "2027-01-01", "2028-02-29"]),
      );
    assert.deepEqual(
      (await Promise.all([make(), make()])).sort((a, b) => a - b),
      [0, 3],
    );
    await client.query("insert into book values ('2026-12-31', 1), ('2028-02-29', 2)");
    const rows = await client.query("select tableoid::regclass::text as part from book order by a");
    assert.deepEqual(
      rows.rows.map((row) => row.part),
      ["book_20261231", "book_20280229"],
    );
    await assert.rejects(client.query("insert into book values ('2027-01-02', 3)"), {
      code: "23514",
    });
    await assert.rejects(client.query("insert into book values ('2026-12-31', 1)"), {
      code: "23505",
    });
    await assert.rejects(ensureDays(client, "issuer", ["book"], ["2027-02-30"]), { code: "22008" });
  });
});
