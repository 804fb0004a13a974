import assert from "node:assert/strict";
import { chmod, cp, mkdir, mkdtemp, readdir, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ensureLinks, locateBinaries } from "./binaries.ts";
import { parsePasswd } from "./identity.ts";
import { startServer, withClient } from "./server.ts";

const folders: string[] = [];
after(() => Promise.all(folders.map((one) => rm(one, { recursive: true, force: true }))));
async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "tillway-test-"));
  folders.push(made);
  return made;
}

const isRoot = process.getuid?.() === 0;

test("the passwd file gives its accounts, lines that are none are left out", () => {
  const text = "root:x:0:0:root:/root:/bin/sh\n+nis\n\nnobody:x:65534:65534:n:/:/bin/false\n";
  assert.deepEqual(parsePasswd(text), [
    { name: "root", uid: 0, gid: 0 },
    { name: "nobody", uid: 65534, gid: 65534 },
  ]);
});

test("library links that an installation without scripts lacks are made, relative", async () => {
  const root = await folder();
  const { folder: native } = await locateBinaries();
  await mkdir(join(root, "native", "lib"), { recursive: true });
  await cp(join(native, "pg-symlinks.json"), join(root, "native", "pg-symlinks.json"));
  assert.equal(await ensureLinks(join(root, "native")), true);
  const made = await readdir(join(root, "native", "lib"));
  assert.ok(made.length > 0);
  const link = await readlink(join(root, "native", "lib", made[0] ?? ""));
  assert.ok(!link.includes("/"), link);
  assert.equal(await ensureLinks(join(root, "native")), true, "a second time as well");
});

// As root the two ways to run as somebody else; as an ordinary user there is but one identity.
const ways = isRoot ? (["namespace", "account"] as const) : (["self"] as const);
for (const way of ways) {
  test(`the server runs as ${way}, keeps its data, and the starter reaches it`, async (t) => {
    const outside = await folder();
    const elsewhere = join(outside, "elsewhere");
    const dataFolder = join(outside, "data");
    await mkdir(dataFolder, { mode: 0o700 });
    await chmod(outside, 0o755);
    const said: string[] = [];
    const start = () =>
      startServer({ dataFolder, log: (line) => said.push(line), identities: [way], elsewhere });
    const first = await start();
    t.after(() => first.stop());
    await withClient(first.url, (client) => client.query("create table kept (a int)"));
    const status = await stat(join(dataFolder, "database", "data"));
    if (way === "account") assert.notEqual(status.uid, 0);
    else assert.equal(status.uid, process.getuid?.());
    await first.stop();
    // Without a choice forced, the cluster's owner decides.
    const again = await startServer({ dataFolder, log: () => undefined });
    t.after(() => again.stop());
    await withClient(again.url, (client) => client.query("select from kept"));
    await again.stop();
  });
}

test("a data folder that no account reaches: the cluster is kept elsewhere, and found again", async (t) => {
  // Only root can have such a folder; an ordinary user reaches what it owns.
  const outside = await folder();
  const home = join(outside, "home");
  const dataFolder = join(home, "data");
  const elsewhere = join(outside, "elsewhere");
  await mkdir(dataFolder, { recursive: true });
  await chmod(outside, 0o755);
  await chmod(home, 0o700);
  const said: string[] = [];
  const options = { dataFolder, elsewhere, log: (line: string): void => void said.push(line) };
  const kinds = isRoot ? (["account"] as const) : (["self"] as const);
  const first = await startServer({ ...options, identities: kinds });
  t.after(() => first.stop());
  await withClient(first.url, (client) => client.query("create table kept (a int)"));
  await first.stop();
  assert.equal(
    said.some((line) => line.includes(`the cluster is kept in ${elsewhere}/`)),
    isRoot,
  );
  const again = await startServer(options);
  t.after(() => again.stop());
  await withClient(again.url, (client) => client.query("select from kept"));
  await again.stop();
});

test("where nobody can run it, one sentence names DATABASE_URL", async () => {
  const dataFolder = await folder();
  const options = { dataFolder, log: () => undefined, identities: [] };
  await assert.rejects(startServer(options), /^DatabaseProblem: [^\n]*set DATABASE_URL[^\n]*$/);
});
