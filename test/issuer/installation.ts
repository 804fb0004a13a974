/** An issuer for tests: a real database, real ports, real cards, two members' keys. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "@tillway/bytes";
import type { CardImage } from "@tillway/emv";
import { open } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import { startTestDatabase } from "../../apps/database/src/testing.ts";
import { createIssuer, type Issuer } from "../../apps/issuer/src/app.ts";
import { openModule } from "../../apps/issuer/src/files.ts";
import { openPool, withClient, type Database } from "../../apps/issuer/src/db/pool.ts";
import type { Relay } from "./relay.ts";
import { provision } from "../../apps/issuer/src/provision.ts";
import type { IssuerConfiguration } from "../../apps/issuer/src/settings.ts";

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

export const clock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Waits until something is so; throws with its name where it is not within the time. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 15_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

const pair = (): [string, string] => [toHex(random(16)), toHex(random(16))];

export const ACQUIRER = "48021000";

/** A provisioned issuer that can be stopped and started again. */
export type Installation = {
  readonly data: string;
  readonly acquirerZmk: readonly [string, string];
  readonly caKeys: readonly object[];
  readonly issuer: () => Issuer;
  readonly networkPort: () => number;
  /** Everything that was logged, as text. */
  readonly logged: () => string;
  readonly start: (changes?: Partial<IssuerConfiguration>) => Promise<void>;
  readonly stop: () => Promise<void>;
  /** The environment of the issuer's own process on the same data. */
  readonly environment: Record<string, string>;
  readonly sql: (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
  readonly card: (name: string) => CardImage;
  /** Balance of a card's account in minor units. */
  readonly balance: (card: string) => Promise<bigint>;
  readonly admin: (path: string, method?: "GET" | "POST", token?: string) => Promise<Response>;
  /** Tells the administrator's interface something. */
  readonly post: (path: string, body: object) => Promise<Response>;
  readonly audit: () => Promise<{ ok: boolean; checks: { name: string; ok: boolean }[] }>;
  readonly close: () => Promise<void>;
};

/** A database, a provisioned issuer, started; with a relay, the bank goes through that. */
export async function install(relay?: Relay): Promise<Installation> {
  const server = await startTestDatabase();
  const data = mkdtempSync(join(tmpdir(), "tillway-issuer-"));
  const acquirerZmk = pair();
  const base: IssuerConfiguration = {
    TILLWAY_DATA: data,
    TILLWAY_HOST: "127.0.0.1",
    TILLWAY_NETWORK_PORT: 0,
    TILLWAY_ISSUER_HTTP_PORT: 0,
    TILLWAY_LOG: "silent",
    TILLWAY_MODULE: "in-process",
    TILLWAY_MODULE_SOCKET: undefined,
    DATABASE_URL: server.url,
    TILLWAY_ZONE: "Asia/Shanghai",
    TILLWAY_CUT_OVER: "23:00",
    TILLWAY_ISSUER_REPLY_MS: 5000,
    TILLWAY_ISSUER_ADVICE_MS: 50,
    TILLWAY_ISSUER_HOLD_DAYS: 30,
    TILLWAY_ISSUER_PROMISE_MS: 600_000,
    TILLWAY_ISSUER_OVER_HOLD: 115,
    TILLWAY_ISSUER_NO_PIN: 100_000,
    TILLWAY_ISSUER_FALLBACK: "yes",
    TILLWAY_ISSUER_MANUAL: "yes",
    TILLWAY_ISSUER_UNKNOWN_REFUND: "yes",
  };
  const lines: string[] = [];
  const write = (detail: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(detail)}`);
  };
  const log = { debug: write, info: write, warn: write, error: write };
  const own = openPool(server.url, () => undefined, 2);
  const links = [
    { institution: ACQUIRER, components: acquirerZmk },
    { institution: "63031000", components: pair() },
  ];
  const module = openModule({ configuration: base, clock, random, log });
  const modules = { network: module, bank: module };
  const surroundings = { configuration: base, database: own, random, now: Date.now(), modules };
  const { caKeys } = await provision(surroundings, links);

  let running: { issuer: Issuer; database: Database } | undefined;
  const issuer = (): Issuer => {
    if (!running) throw new Error("the issuer is not running");
    return running.issuer;
  };
  const start = async (changes: Partial<IssuerConfiguration> = {}): Promise<void> => {
    const database = openPool(server.url, () => undefined);
    const configuration = { ...base, ...changes };
    const wayToNetwork = (port: number): { host: string; port: number } => {
      if (relay) relay.target = port;
      return { host: "127.0.0.1", port: relay?.port ?? port };
    };
    const options = { configuration, clock, random, log, database, wayToNetwork };
    const made = await createIssuer(options);
    running = { issuer: made, database };
    await until("the bank signs on", () => made.ready());
  };
  const stop = async (): Promise<void> => {
    await running?.issuer.close();
    await running?.database.close();
    running = undefined;
  };
  const sql: Installation["sql"] = async (text, values) =>
    (await withClient(own, (client) => client.query(text, values))).rows;
  const token = (): string => readFileSync(join(data, "issuer", "admin-token"), "utf8").trim();
  const admin: Installation["admin"] = (path, method = "GET", bearer = token()) =>
    fetch(`${issuer().addresses.http}/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}` },
    });
  await start();
  return {
    data,
    acquirerZmk,
    caKeys,
    issuer,
    networkPort: () => Number(issuer().addresses.network.split(":")[1]),
    logged: () => lines.join("\n"),
    start,
    stop,
    environment: { TILLWAY_DATA: data, DATABASE_URL: server.url, TILLWAY_LOG: "warn" },
    sql,
    card: (name) => readCard(data, name),
    balance: async (card) => {
      const [row] = await sql(
        `select b.balance from issuer.card c
         join issuer.ledger_account a on a.code = 'cardholder:' || c.account
         join issuer.ledger_balance b on b.bucket = a.bucket and b.account_id = a.id
         where c.name = $1`,
        [card],
      );
      return BigInt(String(row?.["balance"]));
    },
    admin,
    post: (path, body) =>
      fetch(`${issuer().addresses.http}/admin/${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token()}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    audit: async () =>
      (await (await admin("audit")).json()) as Awaited<ReturnType<Installation["audit"]>>,
    close: async () => {
      await stop();
      await own.close();
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A card out of its sealed file, as a reader opens it. */
function readCard(data: string, name: string): CardImage {
  const key = new Uint8Array(readFileSync(join(data, "cards", "card.key")));
  const sealed = new Uint8Array(readFileSync(join(data, "cards", `${name}.card`)));
  const clear = open(key, sealed, `card/${name}`);
  if (!clear) throw new Error(`the card ${name} cannot be opened`);
  return JSON.parse(new TextDecoder().decode(clear)) as CardImage;
}
