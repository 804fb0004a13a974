import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DatabaseProblem } from "./problem.ts";
import { goneWithin, isAlive, startedAt } from "./processes.ts";
import { startServer, withClient, type DatabaseServer } from "./server.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const lines: string[] = [];
const log = (line: string): void => void lines.push(line);
const folders: string[] = [];
after(() => Promise.all(folders.map((one) => rm(one, { recursive: true, force: true }))));

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "tillway-test-"));
  folders.push(made);
  return made;
}

type Main = { child: ChildProcess; url: string; exit: Promise<number | null>; said: () => string };

/** The process as `start` runs it, ready. */
async function startMain(dataFolder: string, more: Record<string, string> = {}): Promise<Main> {
  const child = spawn(process.execPath, [MAIN, "--with-parent"], {
    env: { PATH: process.env["PATH"], TILLWAY_DATA: dataFolder, ...more },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  const first = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once("line", resolve);
  });
  const line = await Promise.race([first, exit]);
  const parsed: unknown = typeof line === "string" ? JSON.parse(line) : {};
  const url = typeof parsed === "object" && parsed && "url" in parsed ? String(parsed.url) : "";
  return { child, url, exit, said: () => said };
}

const remember = (url: string, value: number): Promise<unknown> =>
  withClient(url, (client) =>
    client.query(`create table if not exists memory (a int); insert into memory values (${value})`),
  );
const recall = (url: string): Promise<number[]> =>
  withClient(url, async (client) => {
    const found = await client.query("select a from memory order by a");
    return found.rows.map((row) => row.a);
  });

async function postmaster(dataFolder: string): Promise<number> {
  const text = await readFile(join(dataFolder, "database", "data", "postmaster.pid"), "utf8");
  return Number.parseInt(text, 10);
}

async function settingsOf(server: DatabaseServer, names: readonly string[]): Promise<string[]> {
  return withClient(server.url, async (client) => {
    const all: string[] = [];
    for (const name of names) all.push((await client.query(`show ${name}`)).rows[0][name]);
    return all;
  });
}

test("a server starts, is durable, listens on its socket only, and keeps its data", async () => {
  const dataFolder = await folder();
  const server = await startServer({ dataFolder, log });
  assert.deepEqual(
    await settingsOf(server, [
      "fsync",
      "synchronous_commit",
      "full_page_writes",
      "listen_addresses",
      "server_encoding",
      "data_checksums",
      "TimeZone",
    ]),
    ["on", "on", "on", "", "UTF8", "on", "UTC"],
  );
  const cluster = await stat(join(dataFolder, "database", "data"));
  assert.equal(cluster.mode & 0o777, 0o700);
  await remember(server.url, 1);
  await server.stop();
  assert.match(await server.ended, /code 0/);
  const again = await startServer({ dataFolder, log });
  assert.deepEqual(await recall(again.url), [1]);
  await again.stop();
  assert.equal(await isAlive(server.pid), false);
});

test("a statement that fails leaves neither its text nor its values in the log", async () => {
  const said: string[] = [];
  const server = await startServer({ dataFolder: await folder(), log: (line) => said.push(line) });
  await withClient(server.url, async (client) => {
    await client.query("create table t (a text primary key)");
    await client.query("insert into t values ($1)", ["sentinel-4711"]);
    await assert.rejects(client.query("insert into t values ($1)", ["sentinel-4711"]));
    await assert.rejects(client.query("select 'sentinel-4711' from nowhere"));
  });
  await server.stop();
  assert.ok(said.some((line) => line.includes("duplicate key")));
  assert.ok(!said.some((line) => line.includes("sentinel")));
});

test("a folder with spaces, quotes and Chinese, too long for a socket, works", async () => {
  const long = join(await folder(), `数据 "folder", ${"x".repeat(90)}`, "y".repeat(60));
  const server = await startServer({ dataFolder: long, log });
  const socket = new URL(server.url).searchParams.get("host") ?? "";
  assert.ok(Buffer.byteLength(socket) < 100 && !socket.startsWith(long));
  await remember(server.url, 2);
  assert.equal((await stat(socket)).mode & 0o777, 0o700);
  await server.stop();
  await assert.rejects(stat(socket), { code: "ENOENT" });
  const short = join(await folder(), '数据 "f", x');
  const near = await startServer({ dataFolder: short, log });
  assert.ok((new URL(near.url).searchParams.get("host") ?? "").endsWith("x/database/data"));
  await near.stop();
});

test("a second owner is refused by a sentence with the first one's pid, then succeeds it", async () => {
  const dataFolder = await folder();
  const main = await startMain(dataFolder);
  const owner: unknown = JSON.parse(
    await readFile(join(dataFolder, "database", "owner.json"), "utf8"),
  );
  assert.deepEqual(owner, { pid: main.child.pid, started: await startedAt(main.child.pid ?? 0) });
  await assert.rejects(startServer({ dataFolder, log }), (error) => {
    assert.ok(error instanceof DatabaseProblem);
    assert.match(error.message, new RegExp(`process ${main.child.pid}\\b.*TILLWAY_DATA`));
    return true;
  });
  const second = await startMain(dataFolder);
  assert.equal(await second.exit, 1);
  assert.match(second.said(), /^database: the data folder .* is in use .*\n$/, "one sentence");
  main.child.kill("SIGTERM");
  assert.equal(await main.exit, 0);
  const server = await startServer({ dataFolder, log });
  await assert.rejects(startServer({ dataFolder, log }), /is in use/, "within a process as well");
  await server.stop();
});

test("the process stops the server when its standard input closes", async () => {
  const dataFolder = await folder();
  const main = await startMain(dataFolder);
  const pid = await postmaster(dataFolder);
  main.child.stdin?.end();
  assert.equal(await main.exit, 0);
  assert.equal(await isAlive(pid), false);
});

test("owner killed: the server left behind is stopped, the folder taken over, nothing lost", async () => {
  const dataFolder = await folder();
  const main = await startMain(dataFolder);
  await remember(main.url, 3);
  const orphan = await postmaster(dataFolder);
  main.child.kill("SIGKILL");
  await main.exit;
  assert.equal(await isAlive(orphan), true);
  const said: string[] = [];
  const server = await startServer({ dataFolder, log: (line) => said.push(line) });
  assert.equal(await isAlive(orphan), false);
  assert.ok(said.some((line) => line.includes(`process ${orphan}`)));
  assert.deepEqual(await recall(server.url), [3]);
  await server.stop();
});

test("everything killed in the middle of writing: what was committed is there", async () => {
  const dataFolder = join(await folder(), "x".repeat(120));
  const main = await startMain(dataFolder);
  await remember(main.url, 0);
  let committed = 0;
  const writing = withClient(main.url, async (client) => {
    for (;;) {
      await client.query(`insert into memory values (${committed + 1})`);
      committed += 1;
      if (committed === 50) {
        process.kill(await postmaster(dataFolder), "SIGKILL");
        main.child.kill("SIGKILL");
      }
    }
  });
  await assert.rejects(writing);
  await main.exit;
  const socket = new URL(main.url).searchParams.get("host") ?? "";
  const server = await startServer({ dataFolder, log });
  const found = await recall(server.url);
  assert.ok(committed >= 50 && found.length >= committed + 1);
  assert.deepEqual(
    found,
    found.map((_, at) => at),
  );
  await assert.rejects(stat(socket), { code: "ENOENT" }, "the old socket folder is cleared");
  await server.stop();
});

test("PostgreSQL killed alone: the process says so and ends with 1", async () => {
  const dataFolder = await folder();
  const main = await startMain(dataFolder);
  process.kill(await postmaster(dataFolder), "SIGKILL");
  assert.equal(await main.exit, 1);
  assert.match(main.said(), /gone without having been asked/);
});

test("a postmaster.pid that names somebody else's process harms nobody", async () => {
  const dataFolder = await folder();
  await (await startServer({ dataFolder, log })).stop();
  const bystander = spawn("sleep", ["60"]);
  const file = join(dataFolder, "database", "data", "postmaster.pid");
  await writeFile(file, `${bystander.pid}\n/elsewhere\n0\n5432\n/elsewhere\n\n\n`);
  if (process.getuid?.() !== 0) await chmod(file, 0o600);
  const server = await startServer({ dataFolder, log });
  assert.equal(await isAlive(bystander.pid ?? 0), true);
  await server.stop();
  bystander.kill();
  assert.ok(await goneWithin(bystander.pid ?? 0, 5000));
});

test("a first start that was cut short is begun anew", async () => {
  const dataFolder = await folder();
  const half = join(dataFolder, "database", "data.half", "base");
  await mkdir(half, { recursive: true });
  const server = await startServer({ dataFolder, log });
  await server.stop();
  await assert.rejects(stat(dirname(half)), { code: "ENOENT" });
});

test("a data folder that cannot be one is refused by a sentence", async () => {
  const file = join(await folder(), "file");
  await writeFile(file, "");
  await assert.rejects(
    startServer({ dataFolder: file, log }),
    /^DatabaseProblem: the data folder [^\n]* cannot be used by this user[^\n]*TILLWAY_DATA[^\n]*$/,
  );
});

test("a cluster of another major version is refused by a sentence", async () => {
  const dataFolder = await folder();
  await (await startServer({ dataFolder, log })).stop();
  await writeFile(join(dataFolder, "database", "data", "PG_VERSION"), "15\n");
  await assert.rejects(startServer({ dataFolder, log }), /made by PostgreSQL 15, this is 18/);
});

test("bad configuration and an address that nobody answers end with 1 and one line", async () => {
  const dataFolder = await folder();
  const bad = await startMain(dataFolder, { DATABASE_URL: "mysql://here" });
  assert.equal(await bad.exit, 1);
  assert.equal(bad.said(), "database: DATABASE_URL: must be a postgres:// address\n");
  const gone = await startMain(dataFolder, {
    DATABASE_URL: "postgres://me:sentinel@127.0.0.1:1/tillway",
  });
  assert.equal(await gone.exit, 1);
  assert.match(gone.said(), /^database: the database of DATABASE_URL cannot be used: .*\n$/);
  assert.ok(!gone.said().includes("sentinel"));
});
