/** Terminals as the acquirer's staff manages them, against the whole system. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { scanFolder } from "./scan.ts";
import { startInstallation, until, type Installation } from "./installation.ts";
import manifest from "../../apps/terminal/package.json" with { type: "json" };

const tid = "10000001";
let house: Installation;
before(async () => {
  const environment = { TILLWAY_TERMINAL_PLACE: "22.540512,114.058013" };
  house = await startInstallation({ environment });
});
after(async () => house?.stop());

type Answer = Readonly<Record<string, unknown>>;

async function request(
  origin: string,
  token: string,
  path: string,
  method: "GET" | "POST" | "PUT" = "GET",
  body?: unknown,
): Promise<Answer> {
  const answer = await fetch(`${origin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Answer;
}

const known = (): Promise<Answer> => request(house.http, house.apiKey, `/api/v1/terminals/${tid}`);
const device = (path = "", method: "GET" | "POST" = "GET"): Promise<Answer> =>
  request(house.terminal, house.pairing, `/terminals/${tid}${path}`, method);

/** A command that must end with this code: its document. */
async function run(code: number, ...words: readonly string[]): Promise<Answer> {
  const ran = await house.tillway(...words, "--json");
  assert.equal(ran.code, code, `${words.join(" ")}: ${ran.out}${ran.err}`);
  return JSON.parse(ran.out) as Answer;
}

test("an opened terminal is refused everywhere until it is injected again, and then pays", async () => {
  await run(0, "pay", "--amount", "1.00");
  await device("/tamper", "POST");
  const refused = await run(2, "pay", "--amount", "2.00");
  assert.equal(refused["outcome"], "refused");
  assert.match(JSON.stringify(refused["responseText"]), /erased its keys/);
  await until("the acquirer has heard of it", async () => (await known())["state"] === "tampered");
  assert.equal((await known())["hardware"], "011021031040051");
  // The other terminal goes on.
  assert.equal((await house.pay({ tid: "10000002" })).outcome, "approved");
  const { terminals } = (await run(0, "terminal", "list")) as {
    readonly terminals: readonly Answer[];
  };
  assert.deepEqual(
    terminals.filter(({ state }) => state !== "virtual").map((one) => [one["tid"], one["state"]]),
    [
      [tid, "tampered"],
      ["10000002", "ready"],
    ],
  );
  const injected = await run(0, "terminal", "inject", tid);
  assert.match(String(injected["kcv"]), /^[0-9A-F]{6,}$/);
  await run(0, "pay", "--amount", "3.00");
  assert.equal((await known())["state"], "ready");
  await run(0, "audit");
});

test("a key may be changed while the terminal works, and one that is unknown gets none", async () => {
  const [one, other] = [
    await run(0, "terminal", "inject", tid),
    await run(0, "terminal", "inject", tid),
  ];
  assert.notEqual(one["kcv"], other["kcv"]);
  await run(0, "pay", "--amount", "4.00");
  await run(1, "terminal", "inject", "99999999");
  await run(1, "terminal", "inject");
});

test("a locked terminal gets 58, an unlocked one pays", async () => {
  await run(0, "terminal", "lock", tid);
  await run(1, "terminal", "lock", tid);
  const refused = await run(2, "pay", "--amount", "5.00");
  assert.equal(refused["responseCode"], "58");
  await run(0, "terminal", "unlock", tid);
  await run(0, "pay", "--amount", "5.00");
});

test("a terminal pays at the place that it is bound to, and nowhere else", async () => {
  const bind = (latitude: number) => {
    const place = { latitude, longitude: 114_057_900, radiusMetres: 300 };
    return request(house.http, house.apiKey, `/api/v1/terminals/${tid}/place`, "PUT", { place });
  };
  await bind(22_540_000);
  await run(0, "pay", "--amount", "6.00");
  await bind(31_230_400);
  // The other worker of the registry remembers a terminal for two seconds at most.
  const refused = await run(2, "pay", "--amount", "6.00");
  assert.equal(refused["responseCode"], "58");
  // What is done stays undoable: the batch is closed from anywhere.
  assert.equal((await device("/settle", "POST"))["outcome"], "approved");
  await request(house.http, house.apiKey, `/api/v1/terminals/${tid}/place`, "PUT", { place: null });
  await run(0, "pay", "--amount", "6.00");
  await run(0, "audit");
});

test("the software that a terminal should have is asked for and told back", async () => {
  const path = `/api/v1/terminals/${tid}/software`;
  await request(house.http, house.apiKey, path, "PUT", { version: "9.9.9" });
  await device("/echo", "POST");
  await until("the terminal has noted it", async () => {
    const { wantedSoftware } = await device();
    return wantedSoftware === "9.9.9";
  });
  await until("its own is known", async () => (await known())["software"] === manifest.version);
  assert.deepEqual((await known())["tasks"], ["software"]);
  await run(0, "pay", "--amount", "7.00");
});

test("where a terminal stood rests nowhere: not in a log, a journal or the database", () => {
  const found = scanFolder(house.data, [
    { name: "place", bytes: Buffer.from("22.540512,114.0580") },
  ]);
  assert.deepEqual(found, []);
});
