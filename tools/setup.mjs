// Runs a command of Tillway with everything it needs in place. Needs nothing but a Node ≥ 18 and npm:
//   node tools/setup.mjs start|test [arguments]
// It says in one line each what it installs, and does nothing that is already done.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const node = join(
  root,
  "node_modules",
  "node",
  "bin",
  process.platform === "win32" ? "node.exe" : "node",
);

function say(text) {
  process.stderr.write(`tillway: ${text}\n`);
}

function run(command, args, options = {}) {
  const ended = spawnSync(command, args, { cwd: root, stdio: ["inherit", 2, 2], ...options });
  return ended.status ?? 1;
}

function fail(sentence) {
  say(sentence);
  process.exit(1);
}

function npm(...args) {
  const script = process.env.npm_execpath;
  if (script && /npm-cli\.[cm]?js$/.test(script)) return run(process.execPath, [script, ...args]);
  return run(process.platform === "win32" ? "npm.cmd" : "npm", args);
}

/** Installs the packages of package-lock.json, once for each state of that file. */
function installPackages() {
  const mark = join(root, "node_modules", ".tillway-installed");
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted && existsSync(node)) return;
  say("installing the packages that package-lock.json names (npm ci)");
  if (npm("ci", "--no-audit", "--no-fund", "--loglevel=error") !== 0) {
    fail("npm ci failed: see its message above; a connection to the npm registry is needed once");
  }
  if (!existsSync(node)) {
    say("npm did not run the install step of the package 'node': running it now");
    run(process.execPath, ["installArchSpecificPackage"], {
      cwd: join(root, "node_modules", "node"),
    });
  }
  if (!existsSync(node)) fail("the npm package 'node' brought no runtime for this machine");
  writeFileSync(mark, wanted);
}

/** Every file below a folder, sorted, for a digest of the web sources. */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !["node_modules", "dist"].includes(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

/** Builds the web pages, once for each state of their sources. */
function buildWeb() {
  const web = join(root, "apps", "web");
  const digest = createHash("sha256");
  for (const file of [...filesBelow(web), join(root, "package-lock.json")]) {
    digest.update(file.slice(root.length)).update(readFileSync(file));
  }
  const wanted = digest.digest("hex");
  const mark = join(web, "dist", ".built");
  if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
  say("building the web pages (vite build)");
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  if (run(node, [vite, "build", "--logLevel", "warn"], { cwd: web }) !== 0) {
    fail("the web pages did not build: see the message above");
  }
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, wanted);
}

function onPath(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** apt-get on Debian and its relatives, where it may be used without a question; else undefined. */
function aptGet() {
  const prefix = process.getuid?.() === 0 ? [] : onPath("sudo") ? ["sudo", "-n"] : undefined;
  if (!onPath("apt-get") || !prefix) return undefined;
  const apt = (...args) => {
    const [command, ...rest] = [...prefix, "apt-get", "-qq", ...args];
    return run(command, rest, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  return (...packages) => {
    apt("update");
    return apt("install", "-y", "--no-install-recommends", ...packages) === 0;
  };
}

/** A Chromium or Chrome for the browser tests; on Debian and its relatives it is installed. */
function findChromium() {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
  const find = () => names.map(onPath).find(Boolean);
  const given = process.env.TILLWAY_CHROMIUM;
  if (given) return given;
  const found = find();
  if (found) return found;
  const install = aptGet();
  if (!install) {
    fail(
      "npm test drives the pages in a browser: install Chromium or Chrome, or name it in TILLWAY_CHROMIUM",
    );
  }
  say("installing Debian's chromium and a Chinese font for the browser tests (apt-get)");
  if (!install("chromium", "fonts-wqy-microhei")) {
    fail("apt-get could not install chromium: install it by hand, or name one in TILLWAY_CHROMIUM");
  }
  return find() ?? fail("chromium was installed but is not on the PATH");
}

/**
 * Why this machine cannot have the virtual card reader of the reader test; undefined where it can.
 * Its programs are installed on Debian and its relatives, unless only the quick tests run.
 */
function noReader(quick) {
  if (process.platform !== "linux") return "the virtual card reader needs Linux";
  const path = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const there = () =>
    existsSync("/usr/lib/pcsc/drivers/serial/libifdvpcd.so") &&
    ["pcscd", "ip", "unshare"].every(
      (name) => spawnSync("sh", ["-c", `command -v ${name}`], { env: path }).status === 0,
    );
  if (!there()) {
    const packages = ["pcscd", "libpcsclite1", "vsmartcard-vpcd", "iproute2", "util-linux"];
    const wanted = `it needs ${packages.join(", ")}`;
    if (quick) return `${wanted}, which npm test installs and test:quick does not`;
    const install = aptGet();
    if (!install) return `${wanted}, and apt-get cannot be used here to install them`;
    say("installing Debian's pcscd and vsmartcard-vpcd for the card reader test (apt-get);");
    say("the reader of vsmartcard-vpcd listens on every address while this machine's pcscd runs");
    if (!install(...packages) || !there()) return `${wanted}, which apt-get could not install`;
  }
  const user = process.getuid() === 0 ? [] : ["--map-root-user"];
  const tried = "mount -t tmpfs tmpfs /run && ip link set lo up";
  const namespace = ["--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", tried];
  const made = spawnSync("unshare", [...user, ...namespace], { env: path });
  return made.status === 0 ? undefined : "no network namespace can be made here to keep it inside";
}

const [command, ...rest] = process.argv.slice(2);
const scripts = {
  start: ["apps/cli/src/main.ts", "start"],
  test: ["tools/test.ts"],
  run: ["apps/cli/src/main.ts"],
};
const script = scripts[command];
if (!script) fail("usage: node tools/setup.mjs start|test|run [arguments]");
installPackages();
const environment = { ...process.env };
if (command !== "run") buildWeb();
if (command === "test") {
  const quick = rest.includes("--quick");
  if (!quick) environment.TILLWAY_CHROMIUM = findChromium();
  const why = noReader(quick);
  if (why) say(`the card reader test will not run: ${why}`);
  environment.TILLWAY_NO_READER_TEST = why ?? "";
}
const [file, ...first] = script;
const child = spawn(node, [join(root, file), ...first, ...rest], {
  cwd: command === "run" ? process.cwd() : root,
  stdio: "inherit",
  env: environment,
});
// Ctrl-C reaches the child by itself (one process group): wait for its orderly end.
process.on("SIGINT", () => undefined);
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => process.exit(code ?? 1));
