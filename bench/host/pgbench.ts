/** `pgbench -M prepared` of one payment as a single transaction: the rows of both steps at once. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder, query, type House } from "./house.ts";
import { usageOfFamily } from "./usage.ts";

const kept =
  '{"spec":"unionpay-pos","mti":"0200","fields":{"3":"000000","4":"000000002580","11":"000001",' +
  '"22":"051","25":"00","41":"L0000001","42":"8982900LOAD0001","49":"156","55":"' +
  `${"9F26".repeat(60)}","60":"2200000100050"},"notKept":["2","14","35","52"]}`;

const KEY = "bucket, merchant, terminal, batch, stan, class, digest, transaction, business_date";
const TRANSACTION =
  "bucket, id, business_date, kind, merchant, terminal, batch, stan, rrn, amount, currency, fee, " +
  "entry_mode, masked_pan, pan_token, pan_cipher, network_key, occurred_at";

/** The rows of one payment; its id grows with time as the hosts' do. */
function script(day: string): string {
  const at = "clock_timestamp()";
  const place = `:bucket, :id::uuid, '${day}'`;
  const messages = ["terminal-request", "network-request", "network-reply", "terminal-reply"];
  const statements = [
    `insert into request_key (${KEY}, created_at) values (:bucket, '8982900LOAD0001', 'L0000001', ` +
      `'000001', :id::uuid::text, 'request', repeat('A', 64), :id::uuid, '${day}', ${at})`,
    `insert into transaction (${TRANSACTION}) values (${place}, 'sale', '8982900LOAD0001', ` +
      `'L0000001', '000001', '000001', '633100000001', :amount, 'CNY', :fee, '051', ` +
      `'621626******0018', repeat('B', 64), repeat('C', 94), '1127210000/000001', ${at})`,
    `insert into transaction_event (bucket, transaction, business_date, type, state, at) ` +
      `values (${place}, 'request', 'in-flight', ${at})`,
    `insert into kept_message (bucket, transaction, business_date, hop, message, at) values ` +
      messages.map((hop) => `(${place}, '${hop}', '${kept}', ${at})`).join(", "),
    `insert into ledger_key (bucket, idempotency_key, journal_id, business_date) ` +
      `values (:bucket, :id::uuid::text, :id::uuid, '${day}')`,
    `insert into ledger_journal (bucket, id, business_date, kind, occurred_at) ` +
      `values (${place}, 'sale', ${at})`,
    `insert into ledger_entry (bucket, journal_id, leg, business_date, account_id, amount) values ` +
      `(:bucket, :id::uuid, 1, '${day}', 1, -1 * :amount::bigint), ` +
      `(:bucket, :id::uuid, 2, '${day}', 2, :amount::bigint - :fee::bigint), ` +
      `(:bucket, :id::uuid, 3, '${day}', 3, :fee::bigint)`,
    `insert into transaction_event (bucket, transaction, business_date, type, state, ` +
      `response_code, authorisation_code, reply, at) values (${place}, 'approved', 'approved', ` +
      `'00', '123456', '{"37":"633100000001","38":"123456","39":"00"}', ${at})`,
    `insert into outbox (bucket, type, version, payload, occurred_at) values (:bucket, ` +
      `'transaction-approved', 1, '{"amount":"2580","currency":"CNY"}', ${at})`,
  ];
  return [
    "\\set bucket random(0, 63)",
    "\\set amount random(1000, 50000)",
    "\\set fee :amount * 6000 / 1000000",
    "select uuidv7() as id \\gset",
    ...["begin", ...statements, "commit"].map((statement) => `${statement};`),
    "",
  ].join("\n");
}

export type Single = { readonly rate: number; readonly perCpu: number };

/** The path of pgbench. Throws where this machine has none. */
export function pgbenchPath(): string {
  const found = ["/usr/bin/pgbench", "/usr/local/bin/pgbench"].find(existsSync);
  if (!found) throw new Error("pgbench is missing: install PostgreSQL's client programs");
  return found;
}

/** One run against a database of the hosts' server. */
export async function runPgbench(
  house: House,
  url: string,
  day: string,
  { clients, seconds }: { readonly clients: number; readonly seconds: number },
): Promise<Single> {
  const file = join(folder, "single.sql");
  writeFileSync(file, script(day));
  const { pathname, searchParams, username } = new URL(url);
  const before = usageOfFamily(house.hosts.pid).cpu;
  const [count] = await query(url, "select count(*)::int as n from acquirer.request_key");
  const text = execFileSync(
    pgbenchPath(),
    [
      "-n",
      "-M",
      "prepared",
      "-c",
      `${clients}`,
      "-j",
      "1",
      "-T",
      `${seconds}`,
      "-f",
      file,
      "-h",
      searchParams.get("host") ?? "",
      "-U",
      username,
      pathname.slice(1),
    ],
    {
      encoding: "utf8",
      env: { ...process.env, PGOPTIONS: "-c role=tillway_acquirer -c search_path=acquirer" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const rate = Number(/tps = ([\d.]+)/.exec(text)?.[1] ?? 0);
  const [now] = await query(url, "select count(*)::int as n from acquirer.request_key");
  const done = Number(now?.["n"] ?? 0) - Number(count?.["n"] ?? 0);
  const cpu = usageOfFamily(house.hosts.pid).cpu - before;
  return { rate, perCpu: done / Math.max(cpu, 0.001) };
}
