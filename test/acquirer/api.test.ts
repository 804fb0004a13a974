/** Refunds, voids and completions by the HTTP API, through the merchant's virtual terminal. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Message } from "@tillway/iso8583";
import { startTestDatabase, type TestDatabase } from "../../apps/database/src/testing.ts";
import { startHouse, until, type House } from "./house.ts";
import { CARD, type Reply, type Terminal } from "./terminal.ts";

let database: TestDatabase;
let house: House;
let terminal: Terminal;

before(async () => {
  database = await startTestDatabase();
  house = await startHouse(database.url);
  terminal = await house.signedIn();
});
after(async () => {
  terminal?.close();
  await house?.stop();
  await database?.stop();
});
beforeEach(() => {
  house.network.rule = () => ({ kind: "code", code: "00" });
  house.network.seen.length = 0;
});
afterEach(() => house.audit());

type Shown = {
  id: string;
  kind: string;
  state: string;
  amount: string;
  responseCode: string;
  remaining: string;
  refunded: string;
  heldBy: string | null;
  followUps: { id: string; kind: string; state: string }[];
};

async function paid(
  name: "sale" | "pre-authorisation",
): Promise<{ id: string; told: Reply; asked: Message }> {
  const asked = await terminal.request(name);
  const told = await terminal.ask(asked);
  assert.equal(told.fields["39"], "00");
  const page = (await house.get(`/api/v1/transactions?rrn=${told.fields["37"]}`)) as unknown as {
    items: { id: string }[];
  };
  return { id: page.items[0]?.id ?? "", told, asked };
}

async function post(
  path: string,
  key: string | undefined,
  body: object = {},
): Promise<{ status: number; body: Shown & { code?: string } }> {
  const answer = await fetch(`${house.http}/api/v1/transactions/${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${house.apiKey}`,
      "content-type": "application/json",
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Shown };
}
const show = (id: string) => house.get(`/api/v1/transactions/${id}`) as unknown as Promise<Shown>;

test("a refund by the API is done once for its key, sent on, and shown with its original", async () => {
  const { id } = await paid("sale");
  const first = await post(`${id}/refund`, "refund-1", { amount: "1000" });
  assert.equal(first.status, 201);
  assert.equal(first.body.kind, "refund");
  assert.equal(first.body.responseCode, "00");
  const again = await post(`${id}/refund`, "refund-1", { amount: "1000" });
  assert.equal(again.body.id, first.body.id);
  const other = await post(`${id}/refund`, "refund-1", { amount: "999" });
  assert.equal(other.status, 409);
  const sent = await until("sent on", () => house.network.of("0220")[0]);
  assert.equal(sent.fields["2"], CARD);
  assert.equal(sent.fields["4"], "000000001000");
  assert.ok(sent.fields["90"]?.startsWith("0200"));
  await until("approved", async () => (await show(first.body.id)).state === "approved");
  assert.equal(house.network.of("0220", "0221").length, 1);
  const shown = await show(id);
  assert.equal(shown.remaining, "1580");
  assert.equal(shown.refunded, "1000");
  assert.deepEqual(
    shown.followUps.map(({ kind, state }) => `${kind} ${state}`),
    ["refund approved"],
  );
  const rest = await post(`${id}/refund`, "refund-2");
  assert.equal(rest.body.amount, "1580", "what remains");
  assert.equal((await post(`${id}/refund`, "refund-3")).status, 422, "nothing remains");
  const much = await post(`${id}/refund`, "refund-4", { amount: "1" });
  assert.equal(much.body.state, "declined");
  assert.equal(much.body.responseCode, "64");
});

test("refunds at one time by the API and a terminal never give back more than was paid", async () => {
  const { id, told, asked } = await paid("sale");
  const refund = await terminal.following("refund", { asked, told }, { "4": "000000001500" });
  const all = await Promise.all([
    terminal.ask(refund).then(({ fields }) => fields["39"]),
    ...["a", "b"].map(async (key) => {
      const { body } = await post(`${id}/refund`, `race-${key}`, { amount: "1500" });
      return body.responseCode;
    }),
  ]);
  assert.equal(all.filter((code) => code === "00").length, 1);
  assert.equal(all.filter((code) => code === "64").length, 2);
});

test("a void by the API goes to the network while the terminal's batch is open", async () => {
  const { id } = await paid("sale");
  const before = await house.balances();
  house.network.rule = () => ({ kind: "code", code: "51" });
  const declined = await post(`${id}/void`, "void-1");
  assert.equal(declined.body.state, "declined");
  assert.deepEqual(await house.balances(), before);
  house.network.rule = () => ({ kind: "code", code: "00" });
  const done = await post(`${id}/void`, "void-2");
  assert.equal(done.body.state, "approved");
  assert.equal((await show(id)).heldBy, done.body.id);
  assert.equal((await show(id)).remaining, "0");
  const twice = await post(`${id}/void`, "void-3");
  assert.equal(twice.body.responseCode, "22");
});

test("a void that the network leaves unanswered is reversed, and the sale stands again", async () => {
  const { id } = await paid("sale");
  house.network.rule = ({ mti }) =>
    mti === "0200" ? { kind: "silence" } : { kind: "code", code: "00" };
  const silent = await post(`${id}/void`, "void-4");
  assert.equal(silent.body.responseCode, "98");
  await until("reversed", async () => (await show(silent.body.id)).state === "reversed");
  assert.equal((await show(id)).heldBy, null);
});

test("a hold is completed by the API with an advice, up to 115 %", async () => {
  const { id } = await paid("pre-authorisation");
  const much = await post(`${id}/completion`, "completion-1", { amount: "2968" });
  assert.equal(much.body.responseCode, "61");
  const done = await post(`${id}/completion`, "completion-2", { amount: "2967" });
  assert.equal(done.body.kind, "completion advice");
  await until("approved", async () => (await show(done.body.id)).state === "approved");
  assert.equal((await post(`${id}/void`, "void-5")).body.responseCode, "22");
});

test("the API describes each of its ways, with the key that they need", async () => {
  const answer = await fetch(`${house.http}/api/openapi.json`);
  const { paths } = (await answer.json()) as {
    paths: Record<string, Record<string, { parameters?: { name: string }[] }>>;
  };
  for (const action of ["refund", "void", "completion"]) {
    const way = paths[`/api/v1/transactions/{id}/${action}`]?.["post"];
    assert.ok(
      way?.parameters?.some(({ name }) => name === "idempotency-key"),
      action,
    );
  }
  for (const path of ["/transactions/{id}/signature", "/batches", "/batches/{terminal}/{batch}"]) {
    assert.ok(paths[`/api/v1${path}`]?.["get"], path);
  }
});

test("without a key, an id or a fitting original nothing is done", async () => {
  const { id } = await paid("sale");
  assert.equal((await post(`${id}/refund`, undefined)).status, 400);
  assert.equal((await post(`${id}/completion`, "x")).status, 422);
  assert.equal((await post(`${id.replace(/.$/, "0")}/refund`, "x", {})).status, 404);
  assert.equal((await post(`${id}/refund`, "x", { amount: "-1" })).status, 400);
});
