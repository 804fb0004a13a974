import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fromHex } from "@tillway/bytes";
import { demonstrationProfiles } from "@tillway/emv";
import { cups, decode, unionpayPos } from "@tillway/iso8583";
import pg from "pg";
import { startInstallation, until, type Installation } from "../system/installation.ts";
import {
  filesBelow,
  formsOf,
  scan,
  scanFolder,
  type Finding,
  type Secret,
} from "../system/scan.ts";

/** The PANs of the demonstration cards, long wrong PINs that this day types, and what follows from them. */
function demonstrationSecrets(): Secret[] {
  return demonstrationProfiles().flatMap(({ name, pan, pin }) => [
    { name: `PAN of ${name}`, digits: pan },
    { name: `track of ${name}`, digits: `${pan}=` },
    { name: `clear PIN block of ${name}`, bytes: clearBlock(pin, pan) },
  ]);
}

/** A clear PIN block of format 0 (ISO 9564-1 §9.3.1), written here anew so that the test stands alone. */
function clearBlock(pin: string, pan: string): Uint8Array {
  const left = fromHex(`0${pin.length.toString(16)}${pin}`.padEnd(16, "F"));
  const right = fromHex(`0000${pan.slice(-13, -1)}`);
  return left.map((byte, at) => byte ^ right[at]!);
}

/** Every PIN block and every track that was seen on a link. */
function secretsOnTheWire(house: Installation): Secret[] {
  const links = [
    { spec: unionpayPos, proxy: house.pos },
    { spec: cups, proxy: house.network },
  ];
  return links.flatMap(({ spec, proxy }) =>
    proxy.seen.flatMap(({ frame }) => {
      if (frame.payload.length === 0) return [];
      const { fields } = decode(spec, frame.payload);
      return [
        ...(fields["52"] ? [{ name: "enciphered PIN block", bytes: fromHex(fields["52"]) }] : []),
        ...(fields["35"]
          ? [{ name: "track on a link", digits: fields["35"].replace("D", "=") }]
          : []),
      ];
    }),
  );
}

/** Every row of both schemas as text, so that compressed values are seen too. */
async function dumpRows(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const tables = await client.query(
    "select table_schema s, table_name t from information_schema.tables where table_schema in ('acquirer','issuer')",
  );
  const parts: string[] = [];
  for (const { s, t } of tables.rows as { s: string; t: string }[]) {
    const rows = await client.query(`select x::text as row from ${s}.${t} x`);
    parts.push(`${s}.${t}`, ...rows.rows.map(({ row }: { row: string }) => row));
  }
  await client.end();
  return parts.join("\n");
}

const wrongPin = ["907351", "824466"].join("");
const cardPin = "123456";

let house: Installation;
let secrets: readonly Secret[];
before(async () => {
  house = await startInstallation();
  // A day in small: approvals, refusals, a wrong PIN, a lost answer with its reversal, management.
  await house.pay();
  await house.pay({ card: "visa", pin: "1234" });
  await house.pay({ card: "mastercard", pin: "1234" });
  await house.pay({ card: "unionpay-credit", amount: "990" });
  await house.pay({ card: "unionpay-credit", pin: wrongPin });
  await house.pay({ card: "unionpay-expired" });
  await house.pay({ card: "unionpay-counterfeit" });
  house.pos.rule((direction, frame) =>
    direction === "down" && frame.payload[0] === 0x02 && frame.payload[1] === 0x10
      ? "drop"
      : "pass",
  );
  const lost = house.pay();
  await until("the answer is dropped", () =>
    house.pos.seen.some(
      ({ direction, frame }) => direction === "down" && frame.payload[1] === 0x10,
    ),
  );
  setTimeout(() => house.pos.cut(), 200);
  await lost;
  house.pos.rule(undefined);
  await until("the terminal is back", async () => (await house.tillway("echo")).code === 0);
  await house.tillway("sign-in");
  await until("the books agree", async () => (await house.tillway("audit")).code === 0);
  secrets = [
    ...demonstrationSecrets(),
    { name: "typed PIN", digits: wrongPin },
    ...secretsOnTheWire(house),
  ];
});
after(async () => house?.stop());

test("the day put PIN blocks and tracks on the links", () => {
  assert.ok(secrets.some(({ name }) => name === "enciphered PIN block"));
  assert.ok(secrets.some(({ name }) => name === "track on a link"));
});

test("planted card data is found in every form", () => {
  const folder = join(house.data, "planted");
  mkdirSync(folder);
  for (const secret of secrets) {
    for (const form of formsOf(secret)) {
      writeFileSync(
        join(folder, "file"),
        Buffer.concat([Buffer.from("before "), form.bytes, Buffer.from(" after")]),
      );
      assert.ok(scanFolder(folder, [secret]).length > 0, `${secret.name} as ${form.name}`);
    }
  }
  rmSync(folder, { recursive: true });
});

test("no file of the data folder holds card data", () => {
  const files = filesBelow(house.data);
  for (const expected of ["pg_wal", ".sqlite", "logs"]) {
    assert.ok(
      files.some((path) => path.includes(expected)),
      expected,
    );
  }
  assert.deepEqual(scanFolder(house.data, secrets), []);
});

test("no row of the database holds card data", async () => {
  const rows = await dumpRows(house.databaseUrl);
  assert.ok(rows.length > 1000);
  assert.deepEqual(scan("rows", Buffer.from(rows), secrets), []);
  assert.ok(
    !new RegExp(`(?<![0-9A-Za-z])${cardPin}(?![0-9A-Za-z])`).test(rows),
    "a card's PIN in a row",
  );
});

test("no HTTP answer holds card data", async () => {
  const findings: Finding[] = [];
  const look = async (url: string, token: string): Promise<string> => {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const body = await answer.text();
    findings.push(...scan(url, Buffer.from(body), secrets));
    return body;
  };
  const list = await look(`${house.http}/api/v1/transactions`, house.apiKey);
  const { items } = JSON.parse(list) as { items: readonly { id: string }[] };
  assert.ok(items.length >= 7, "the day's transactions are listed");
  for (const { id } of items) await look(`${house.http}/api/v1/transactions/${id}`, house.apiKey);
  for (const path of ["/healthz", "/readyz", "/metrics", "/api/v1/audit", "/api/openapi.json"]) {
    await look(`${house.http}${path}`, house.apiKey);
  }
  for (const tid of ["10000001", "10000002"]) {
    await look(`${house.terminal}/terminals/${tid}/transactions`, house.pairing);
    await look(`${house.terminal}/terminals/${tid}/cards`, house.pairing);
  }
  await look(`${house.issuer}/metrics`, "");
  await look(`${house.issuer}/admin/audit`, house.adminToken);
  await look(`${house.issuer}/admin/cards`, house.adminToken);
  assert.deepEqual(findings, []);
});

test("no log line holds a card's PIN", () => {
  const delimited = new RegExp(`(?<![0-9A-Za-z])${cardPin}(?![0-9A-Za-z])`);
  for (const path of filesBelow(join(house.data, "logs"))) {
    const line = readFileSync(path, "utf8")
      .split("\n")
      .find((one) => delimited.test(one));
    assert.equal(line, undefined, path);
  }
});
