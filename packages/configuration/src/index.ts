/** Environment variables, read once at start: a bad value names the variable and what is allowed. */
export { secretFiles, type Files, type SecretFiles } from "./secrets.ts";
export { askedToStop, type Stoppable } from "./stop.ts";

type Read<T> = { readonly value: T } | { readonly allowed: string };

/** One variable: its meaning (for docs), its default (as text) and how it is read. */
export type Setting<T> = {
  readonly meaning: string;
  readonly byDefault: string | undefined;
  readonly read: (text: string) => Read<T>;
};

export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Values<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

/** All problems of a configuration, one line a variable. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigurationError";
    this.problems = problems;
  }
}

/** A whole number within bounds. */
export function whole(
  meaning: string,
  byDefault: number,
  bounds: { min: number; max: number },
): Setting<number> {
  const allowed = `a whole number from ${bounds.min} to ${bounds.max}`;
  return {
    meaning,
    byDefault: String(byDefault),
    read: (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
      return value >= bounds.min && value <= bounds.max ? { value } : { allowed };
    },
  };
}

/** A TCP port. */
export function port(meaning: string, byDefault: number): Setting<number> {
  return whole(meaning, byDefault, { min: 1, max: 65_535 });
}

/** Text that a pattern describes; `allowed` says the pattern in words. */
export function text(
  meaning: string,
  byDefault: string,
  pattern: RegExp = /^.+$/s,
  allowed = "a text that is not empty",
): Setting<string> {
  return {
    meaning,
    byDefault,
    read: (given) => (pattern.test(given) ? { value: given } : { allowed }),
  };
}

/** Text that may be left out; undefined then. */
export function optional(
  meaning: string,
  pattern: RegExp,
  allowed: string,
): Setting<string | undefined> {
  return {
    meaning,
    byDefault: undefined,
    read: (given) => (pattern.test(given) ? { value: given } : { allowed }),
  };
}

/** One of a closed list. */
export function choice<const T extends string>(
  meaning: string,
  byDefault: NoInfer<T>,
  of: readonly T[],
): Setting<T> {
  return {
    meaning,
    byDefault,
    read: (given) => {
      const value = of.find((one) => one === given);
      return value === undefined ? { allowed: `one of ${of.join(", ")}` } : { value };
    },
  };
}

/**
 * Reads the settings from an environment. An empty variable counts as left out.
 * Throws ConfigurationError with every problem at once; no value is repeated in its text.
 */
export function readConfiguration<S extends Settings>(
  settings: S,
  environment: Readonly<Record<string, string | undefined>>,
): Values<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const given = environment[name] || setting.byDefault;
    if (given === undefined) continue;
    const read = setting.read(given);
    if ("allowed" in read) problems.push(`${name}: must be ${read.allowed}`);
    else values[name] = read.value;
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  // Each name of S was read by its own setting just above: the record has the mapped type.
  return values as Values<S>;
}

/** The settings that every process shares (docs/configuration.md). */
export const sharedSettings = {
  TILLWAY_DATA: text("data folder", ".tillway"),
  TILLWAY_HOST: text("address that every listener binds", "127.0.0.1"),
  TILLWAY_HTTP_PORT: port("acquirer HTTP API and web", 8080),
  TILLWAY_POS_PORT: port("acquirer ISO 8583 over TCP", 8583),
  TILLWAY_POS_TLS_PORT: port("acquirer ISO 8583 over TLS", 8584),
  TILLWAY_WORKERS: whole("acquirer processes that share its ports", 1, { min: 1, max: 16 }),
  TILLWAY_NETWORK_PORT: port("card network, ISO 8583 over TCP", 8585),
  TILLWAY_ISSUER_HTTP_PORT: port("issuer HTTP", 8086),
  TILLWAY_TERMINAL_PORT: port("terminal local API and till", 8090),
  TILLWAY_LOG: choice("least level that is logged", "info", [
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "silent",
  ]),
  TILLWAY_ZONE: text(
    "zone of business dates and of the tills",
    "Asia/Shanghai",
    /^[A-Za-z_+\-/0-9]+$/,
    "a zone name",
  ),
  TILLWAY_CUT_OVER: text(
    "local time from which the next business date counts",
    "23:00",
    /^([01]\d|2[0-3]):[0-5]\d$/,
    "a time HH:MM",
  ),
  TILLWAY_MODULE: choice(
    "where keys are: in each process, or in a process of their own",
    "in-process",
    ["in-process", "process"],
  ),
  DATABASE_URL: optional(
    "PostgreSQL to use instead of the embedded server",
    /^postgres(ql)?:\/\/.+$/,
    "a postgres:// address",
  ),
} as const;

/** Where a process finds the security module of its party, or listens as that module. */
export const moduleSettings = {
  TILLWAY_MODULE: sharedSettings.TILLWAY_MODULE,
  TILLWAY_MODULE_SOCKET: optional(
    "Unix socket of the security module; module.sock beside the master key where left out",
    /^\/.+$/s,
    "an absolute path",
  ),
} as const;

/** Bytes of the longest path that Linux and macOS both take for a Unix socket. */
const LONGEST_SOCKET = 103;

/** The socket of a party's security module. Throws ConfigurationError where its path is too long. */
export function moduleSocket(
  configuration: {
    readonly TILLWAY_DATA: string;
    readonly TILLWAY_MODULE_SOCKET?: string | undefined;
  },
  party: "acquirer" | "issuer" | "terminal",
): string {
  const path =
    configuration.TILLWAY_MODULE_SOCKET ?? `${configuration.TILLWAY_DATA}/${party}/module.sock`;
  if (new TextEncoder().encode(path).length <= LONGEST_SOCKET) return path;
  throw new ConfigurationError([
    `TILLWAY_MODULE_SOCKET: must be a path of at most ${LONGEST_SOCKET} bytes`,
  ]);
}
