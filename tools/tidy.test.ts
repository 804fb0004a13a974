/** The laws of ARCHITECTURE.md that a tool can check. Each test names a law; its message names the place. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root })
  .toString()
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const code = tracked.filter((path) => /\.(ts|tsx|mjs)$/.test(path));
const sources = code.filter((path) => !/\.test\.tsx?$/.test(path));
const product = sources.filter((path) => /^(packages|apps)\//.test(path));

/** Code without comments and without the contents of strings, lines kept. */
function bare(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|[^:"'`])\/\/.*$/gm, "$1")
    .replace(/(["'])(?:\\.|(?!\1)[^\\\n])*\1/g, '""');
}

type Import = { readonly from: string; readonly to: string };

function imports(path: string): Import[] {
  const text = read(path).replace(/\/\*[\s\S]*?\*\//g, "");
  return [...text.matchAll(/(?:^|[\s;])(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map(
    (found) => ({
      from: path,
      to: found[1] ?? "",
    }),
  );
}

/** The places of `files` in which `pattern` stands, as "file:line". */
function places(files: readonly string[], pattern: RegExp, clean = bare): string[] {
  return files.flatMap((path) =>
    clean(read(path))
      .split("\n")
      .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
}

const packageOrder: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  configuration: [],
  money: ["bytes"],
  qr: ["bytes"],
  iso8583: ["bytes"],
  keys: ["bytes"],
  emv: ["bytes", "keys"],
  link: ["iso8583", "keys"],
  database: [],
  ledger: ["database"],
  transactions: [],
  certificates: [],
};

test("imports go one way: packages to packages in their order, apps to packages, never app to app", () => {
  const wrong = code.flatMap(imports).filter(({ from, to }) => {
    const [area, name = ""] = from.split("/");
    const target = /^@tillway\/(?:app-)?([a-z0-9]+)/.exec(to)?.[1];
    if (to.startsWith("@tillway/app-")) return true;
    if (area === "packages" && target) return !packageOrder[name]?.includes(target);
    if (!to.startsWith(".")) return false;
    const reached = normalize(join(dirname(from), to)).split("/");
    const isTest = from.endsWith(".test.ts") || area === "test";
    if (area === "packages" || area === "apps") {
      const home = reached[0] === area && reached[1] === name;
      return !home && !isTest;
    }
    return false;
  });
  assert.deepEqual(wrong, []);
});

test("the simulation composes rooms of apps by their ports, and nothing of the product knows it", () => {
  const own = sources.filter((path) => path.startsWith("simulation/"));
  const deep = own.flatMap(imports).filter(({ from, to }) => {
    if (!to.startsWith(".")) return false;
    const [area, , , ...inside] = normalize(join(dirname(from), to)).split("/");
    if (area === "simulation") return false;
    // A room by its index.ts, or a file of the composition root.
    return area !== "apps" || (inside.length > 1 && inside.at(-1) !== "index.ts");
  });
  assert.deepEqual(deep, []);
  const known = product.flatMap(imports).filter(({ to }) => to.includes("simulation/"));
  assert.deepEqual(known, []);
});

test("a room is entered through its index.ts only, and the order of rooms is kept", () => {
  const room = (path: string): string | undefined =>
    /^(apps\/(?:acquirer|issuer|terminal))\/src\/([a-z]+)\//.exec(path)?.slice(1).join(" ");
  const back = code.filter((path) => !path.startsWith("test/")).flatMap(imports);
  const wrong = back.filter(({ from, to }) => {
    if (!to.startsWith(".")) return false;
    const reached = normalize(join(dirname(from), to));
    const target = room(reached);
    if (!target || target === room(from) || from.endsWith(".test.ts")) return false;
    if (target.endsWith(" db") && from.endsWith("main.ts")) return false;
    return !reached.endsWith("/index.ts");
  });
  assert.deepEqual(wrong, []);
  const upward = back.filter(({ from, to }) => {
    if (!to.startsWith(".") || from.endsWith(".test.ts")) return false;
    const target = room(normalize(join(dirname(from), to)))?.split(" ")[1];
    const own = room(from)?.split(" ")[1];
    if (!target || !own || target === own) return false;
    if (own === "db") return true;
    if (own === "ledger") return target !== "db";
    return target === "http";
  });
  assert.deepEqual(upward, []);
});

test("packages have no I/O, no clock and no randomness of their own", () => {
  const libraries = sources.filter((path) => /^packages\/(?!.*\/testing\/)/.test(path));
  const modules = libraries.flatMap(imports).filter(({ from, to }) => {
    if (!to.startsWith("node:")) return false;
    return !(to === "node:crypto" && /^packages\/(keys|emv)\//.test(from));
  });
  assert.deepEqual(modules, []);
  const impure =
    /\bDate\.now\b|new Date\(\)|\bsetTimeout\b|\bsetInterval\b|Math\.random|randomBytes|randomUUID|generateKeyPair|\bfetch\(|\bprocess\./;
  assert.deepEqual(places(libraries, impure), []);
});

test("money never passes through a floating-point number", () => {
  const rooms = /^packages\/(money|ledger)\/|^apps\/\w+\/src\/(payments|ledger|settlement|bank)\//;
  const money = product.filter((path) => rooms.test(path));
  assert.ok(money.length > 0);
  assert.deepEqual(places(money, /\bparseFloat\b|\.toFixed\(|\bNumber\(/), []);
});

test("business SQL takes time as a parameter", () => {
  const sql = tracked.filter((path) =>
    /\.sql$|\/store\.ts$|^packages\/(ledger|database)\/src\//.test(path),
  );
  const clock =
    /\bnow\(\)|current_(date|time|timestamp)|clock_timestamp|statement_timestamp|localtime/i;
  const found = places(
    sql.filter((path) => !path.endsWith(".test.ts")),
    clock,
    (text) =>
      text
        .replace(/--.*$/gm, "")
        .replace(/\/\*[\s\S]*?\*\//g, "")
        .replace(/\bclock\.now\(\)/g, ""),
  );
  assert.deepEqual(found, []);
});

test("SQL stands only in a room's store.ts, in migrations and in the ledger and database libraries", () => {
  const allowed =
    /store\.ts$|\/store\/|\/db\/|\/journal\/|^packages\/(ledger|database)\/|^apps\/database\//;
  const others = product.filter((path) => !allowed.test(path));
  const statement = /\b(select\s.+\sfrom|insert into|delete from|update\s+\w+\s+set)\b/i;
  assert.deepEqual(
    places(others, statement, (text) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")),
    [],
  );
});

test("files stay short, with named exports, explicit extensions and trade names", () => {
  const long = code.filter((path) => read(path).split("\n").length > 400);
  assert.deepEqual(long, []);
  const names = tracked.filter((path) =>
    /(^|\/)(utils?|helpers?|common|managers?|services?)(\.[a-z]+)?(\/|$)/i.test(path),
  );
  assert.deepEqual(names, []);
  const configured = /vite\.config\.ts$|oxlint/;
  assert.deepEqual(
    places(
      sources.filter((path) => !configured.test(path)),
      /^export default\b/,
    ),
    [],
  );
  const bareImports = code
    .flatMap(imports)
    .filter(({ to }) => to.startsWith(".") && !/\.(ts|tsx|mjs|json|css|svg)(\?\w+)?$/.test(to));
  assert.deepEqual(bareImports, []);
  for (const name of Object.keys(packageOrder)) {
    assert.ok(existsSync(join(root, "packages", name, "src", "index.ts")), name);
  }
});

test("nothing is left unfinished, switched off or cast away", () => {
  const marks = /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck)|oxlint-disable|eslint-disable/;
  const own = "tools/tidy.test.ts";
  const files = code.filter((path) => path !== own);
  // In a test, an expected error is the assertion that a mistake does not compile.
  const expected = /@ts-expect-error/;
  assert.deepEqual(
    places(files, marks, (text) => text),
    [],
  );
  assert.deepEqual(
    places(
      files.filter((path) => !path.endsWith(".test.ts")),
      expected,
      (text) => text,
    ),
    [],
  );
  assert.deepEqual(places(files, /\bas any\b|\b(it|test|describe)\.(skip|only|todo)\(/), []);
});

test("every dependency that ships has its reason in docs/dependencies.md", () => {
  const reasons = read("docs/dependencies.md");
  const manifests = globSync("{package.json,{packages,apps}/*/package.json}", { cwd: root });
  const missing = manifests.flatMap((path) => {
    const manifest = JSON.parse(read(path)) as Record<string, Record<string, string> | undefined>;
    const all = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    };
    return Object.entries(all)
      .filter(([name, version]) => !name.startsWith("@tillway/") && !/^\d/.test(version))
      .map(([name, version]) => `${path}: ${name}@${version} is not pinned`)
      .concat(
        Object.keys(all)
          .filter((name) => !name.startsWith("@tillway/") && !reasons.includes(`\`${name}\``))
          .map((name) => `${path}: ${name} has no reason`),
      );
  });
  assert.deepEqual(missing, []);
});

test("every environment variable is described in docs/configuration.md", () => {
  const described = read("docs/configuration.md");
  const used = new Set(
    [...product, ...sources.filter((path) => path.startsWith("tools/"))].flatMap(
      (path) => read(path).match(/\b(TILLWAY_[A-Z_]+[A-Z]|DATABASE_URL)\b/g) ?? [],
    ),
  );
  assert.deepEqual(
    [...used].filter((name) => !described.includes(`\`${name}\``)),
    [],
  );
});

test("the files that ARCHITECTURE.md names exist", () => {
  const named = [...read("ARCHITECTURE.md").matchAll(/`([\w./-]+\/[\w.-]+\.\w+)`/g)];
  assert.ok(named.length > 20);
  const gone = named
    .map((found) => found[1] ?? "")
    .filter((name) => !tracked.some((path) => path === name || path.endsWith(`/${name}`)));
  assert.deepEqual(gone, []);
});

test("documents lead to files that exist", () => {
  const pages = tracked.filter((path) => /^[A-Z]+(\.zh-CN)?\.md$|^docs\/.*\.md$/.test(path));
  const dead = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((found) => found[1] ?? "")
      .filter((target) => !existsSync(join(root, dirname(page), target)))
      .map((target) => `${page} → ${target}`),
  );
  assert.deepEqual(dead, []);
});
