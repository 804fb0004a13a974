/** Gets the peers into .cache/bench by their own package managers, once, and says how to run them. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Command } from "../subject.ts";

const here = import.meta.dirname;
export const cache = join(here, "..", "..", ".cache", "bench");

/** The newest releases that run on Java 17, Go 1.25, Python 3.9 and Node. */
const versions = {
  jPOS: "2.1.10",
  "moov-io/iso8583": "v0.26.1",
  pyiso8583: "4.0.1",
  iso_8583: "2.6.7",
  HikariCP: "7.1.0",
  "postgresql (JDBC)": "42.7.14",
  junixsocket: "2.10.1",
} as const;

type Log = (line: string) => void;

/** Runs a package manager or compiler; what it prints goes nowhere unless it fails. */
function run(cwd: string, program: string, ...args: string[]): string {
  return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A folder of the cache, filled by `fill` unless it was for this version. */
function prepared(name: string, version: string, log: Log, fill: (folder: string) => void): string {
  const folder = join(cache, name.replace(/\W/g, "-"));
  const stamp = join(folder, "version");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === version) return folder;
  log(`installing ${name} ${version}`);
  mkdirSync(folder, { recursive: true });
  fill(folder);
  writeFileSync(stamp, version);
  return folder;
}

const pom = (version: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tillway</groupId><artifactId>bench</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.jpos</groupId><artifactId>jpos</artifactId><version>${version}</version>
  </dependency></dependencies>
</project>
`;

function jpos(messages: string, log: Log): Command {
  const folder = prepared("jPOS", versions.jPOS, log, (into) => {
    writeFileSync(join(into, "pom.xml"), pom(versions.jPOS));
    const copy = [
      "dependency:copy-dependencies",
      "-DincludeScope=runtime",
      "-DoutputDirectory=lib",
    ];
    run(into, "mvn", "-q", "-B", ...copy);
  });
  const source = join(here, "jpos", "CodecSubject.java");
  run(folder, "javac", "-cp", "lib/*", "-d", "classes", source);
  const classpath = [join(folder, "lib", "*"), join(folder, "classes")].join(":");
  const args = ["-cp", classpath, "CodecSubject", messages, join(here, "jpos")];
  return { name: "jPOS", program: "java", args };
}

const hostPom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tillway</groupId><artifactId>bench-host</artifactId><version>1</version>
  <dependencies>
    ${[
      ["org.jpos", "jpos", versions.jPOS],
      ["com.zaxxer", "HikariCP", versions.HikariCP],
      ["org.postgresql", "postgresql", versions["postgresql (JDBC)"]],
    ]
      .map(
        ([group, name, version]) =>
          `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`,
      )
      .join("")}
    <dependency>
      <groupId>com.kohlschutter.junixsocket</groupId><artifactId>junixsocket-core</artifactId>
      <version>${versions.junixsocket}</version><type>pom</type>
    </dependency>
  </dependencies>
</project>
`;

/** The peer host: jPOS Q2, to be run in a folder with a `deploy`. */
export function jposHost(
  cups: string,
  institution: string,
  log: Log,
): { readonly program: string; readonly args: readonly string[] } {
  const stamp = [
    versions.jPOS,
    versions.HikariCP,
    versions["postgresql (JDBC)"],
    versions.junixsocket,
  ].join(" ");
  const at = prepared("jpos-host", stamp, log, (into) => {
    writeFileSync(join(into, "pom.xml"), hostPom);
    const copy = [
      "dependency:copy-dependencies",
      "-DincludeScope=runtime",
      "-DoutputDirectory=lib",
    ];
    run(into, "mvn", "-q", "-B", ...copy);
  });
  const sources = join(here, "jpos-host", "src");
  const files = readdirSync(sources).map((name) => join(sources, name));
  run(at, "javac", "-cp", "lib/*", "-d", "classes", ...files);
  const classpath = [join(at, "lib", "*"), join(at, "classes")].join(":");
  const properties = [`-Dcups=${cups}`, `-Dinstitution=${institution}`, "-Xmx1g"];
  return { program: "java", args: [...properties, "-cp", classpath, "org.jpos.q2.Q2"] };
}

function moov(messages: string, log: Log): Command {
  const name = "moov-io/iso8583";
  const folder = prepared(name, versions[name], log, (into) => {
    if (!existsSync(join(into, "go.mod"))) run(into, "go", "mod", "init", "tillway-bench");
    copyFileSync(join(here, "moov", "main.go"), join(into, "main.go"));
    run(into, "go", "get", `github.com/moov-io/iso8583@${versions[name]}`);
  });
  copyFileSync(join(here, "moov", "main.go"), join(folder, "main.go"));
  run(folder, "go", "build", "-o", "subject", ".");
  return { name, program: join(folder, "subject"), args: [messages] };
}

function pyiso8583(messages: string, log: Log): Command {
  const folder = prepared("pyiso8583", versions.pyiso8583, log, (into) => {
    run(into, "python3", "-m", "venv", ".");
    run(into, join(into, "bin", "pip"), "install", "-q", `pyiso8583==${versions.pyiso8583}`);
  });
  const args = [join(here, "pyiso8583", "codec.py"), messages];
  return { name: "pyiso8583", program: join(folder, "bin", "python"), args };
}

function iso8583Npm(messages: string, log: Log): Command {
  const folder = prepared("iso_8583", versions.iso_8583, log, (into) => {
    writeFileSync(join(into, "package.json"), '{ "private": true }\n');
    run(into, "npm", "install", "--no-audit", "--no-fund", `iso_8583@${versions.iso_8583}`);
  });
  const args = [join(here, "iso_8583", "codec.mjs"), messages, folder];
  return { name: "iso_8583", program: process.execPath, args };
}

export type Peer = { readonly command: Command; readonly messages: readonly string[] };

/** Every peer, ready to run, and the messages that it can have. */
export function peers(plain: string, hexText: string, log: Log): Peer[] {
  const all = ["financial", "chip", "bcd"];
  return [
    { command: jpos(plain, log), messages: all },
    { command: moov(plain, log), messages: all },
    { command: pyiso8583(plain, log), messages: all },
    { command: iso8583Npm(hexText, log), messages: ["financial", "chip"] },
  ];
}

const firstLine = (text: string): string => text.split("\n")[0]?.trim() ?? "";

/** What the bench of hosts runs against. */
export function hostVersions(): Record<string, string> {
  const { jPOS, HikariCP, junixsocket, "postgresql (JDBC)": driver } = versions;
  const java = firstLine(run(here, "java", "--version"));
  return { jPOS, HikariCP, "postgresql (JDBC)": driver, junixsocket, java };
}

export function peerVersions(): Record<string, string> {
  const { jPOS, "moov-io/iso8583": moovVersion, pyiso8583: python, iso_8583: npm } = versions;
  return {
    jPOS,
    "moov-io/iso8583": moovVersion,
    pyiso8583: python,
    iso_8583: npm,
    java: firstLine(run(here, "java", "--version")),
    go: firstLine(run(here, "go", "version")).replace(/^go version /, ""),
    python: firstLine(run(here, "python3", "--version")).replace(/^Python /, ""),
  };
}
