/**
 * The same card as a real smart card: a demonstration card in vsmartcard's virtual reader, pcscd,
 * and the terminal of a whole system that reads it through PC/SC.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { runTillway, startInstallation, until, type Installation } from "../system/installation.ts";
import { startBench, type Bench } from "./bench.ts";

const root = join(import.meta.dirname, "../..");
/** Set by tools/setup.mjs where this machine cannot have a virtual reader: why. */
const missing = process.env.TILLWAY_NO_READER_TEST ?? "";

const tid = "10000001";
let bench: Bench;
let house: Installation;

async function call(path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${house.terminal}/terminals/${tid}/${path}`, {
    headers: { authorization: `Bearer ${house.pairing}`, "content-type": "application/json" },
    ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
  });
  return answer.json();
}

type Listed = { readonly name: string; readonly purpose: { readonly en: string } };
const inReader = async (): Promise<readonly Listed[]> => (await call("cards")) as Listed[];

async function insert(
  name: string,
  more: Partial<Parameters<Bench["insert"]>[0]> = {},
): Promise<void> {
  await bench.insert({ cards: join(house.data, "cards"), name, ...more });
  await until("the card is seen", async () => (await inReader()).length === 1);
}

async function remove(): Promise<readonly string[]> {
  const instructions = await bench.remove();
  await until("the card is seen to be gone", async () => (await inReader()).length === 0);
  return instructions;
}

const pay = () => house.pay({ card: "reader" });
const balance = async (card = "unionpay-debit"): Promise<bigint> =>
  BigInt(await house.balance(card));

type Row = { readonly state: string; readonly stan: string };
const latest = async (): Promise<Row> => ((await call("transactions")) as Row[])[0]!;

/** Nothing here may wait for ever: an order of the bench, each test, and the whole are bounded. */
const options = { skip: missing === "" ? false : missing, timeout: 180_000 };

describe("a card in a PC/SC reader", options, () => {
  before(async () => {
    bench = await startBench();
    // The parts of the system inherit these.
    Object.assign(process.env, bench.environment, {
      TILLWAY_READER: "pcsc",
      TILLWAY_READER_NAME: "Virtual PCD",
    });
    house = await startInstallation();
  });
  after(async () => {
    await house?.stop();
    await bench?.stop();
  });

  test("it is seen when it is put in, when it is taken out, and again", async () => {
    assert.deepEqual(await inReader(), []);
    await insert("unionpay-debit");
    const [card] = await inReader();
    assert.equal(card?.name, "reader");
    assert.match(card?.purpose.en ?? "", /^Virtual PCD/);
    await remove();
    await insert("unionpay-debit");
    await remove();
  });

  test("without a card there is nothing to pay with", async () => {
    const answer = (await call("transactions", order())) as { code?: string };
    assert.equal(answer.code, "unknown-card", JSON.stringify(answer));
  });

  test("it pays: the account is debited, and every command went through the reader", async () => {
    const had = await balance();
    await insert("unionpay-debit");
    const paid = await pay();
    assert.equal(paid.outcome, "approved", JSON.stringify(paid));
    assert.equal(paid.pan, "621626*********0018");
    assert.equal(await balance(), had - 2580n);
    const again = await pay();
    assert.equal(again.outcome, "approved", "the same card, still in the reader");
    const instructions = await remove();
    assert.equal(instructions.filter((one) => one === "AE").length, 4, "two GENERATE AC a payment");
  });

  test("a card that speaks T=0 pays as well: its answers are fetched with GET RESPONSE", async () => {
    const had = await balance("mastercard");
    await insert("mastercard", { t0: true });
    const paid = await pay();
    assert.equal(paid.outcome, "approved", JSON.stringify(paid));
    assert.equal(await balance("mastercard"), had - 2580n);
    assert.ok((await remove()).includes("C0"));
  });

  test("torn out while it is read, nothing was sent and nothing is owed", async () => {
    const had = await balance();
    await insert("unionpay-debit", { tear: { instruction: "A8", time: 1 } });
    const paid = await pay();
    assert.equal(paid.outcome, "refused", JSON.stringify(paid));
    await remove();
    assert.equal(await balance(), had);
  });

  test("torn out after the issuer approved, the sale is reversed and the balance is back", async () => {
    const had = await balance();
    await insert("unionpay-debit", { tear: { instruction: "AE", time: 2 } });
    const paid = await pay();
    assert.deepEqual([paid.outcome, paid.responseCode], ["declined", "Z1"], JSON.stringify(paid));
    assert.equal((await remove()).filter((one) => one === "AE").length, 2);
    const { state, stan } = await latest();
    assert.deepEqual([state, stan], ["reversed", paid.stan]);
    await until("the reversal is at the issuer", async () => (await balance()) === had);
  });

  test("inserted once more it pays again", async () => {
    await insert("unionpay-debit");
    assert.equal((await pay()).outcome, "approved");
    await remove();
  });

  test("a person's sale begins with the insertion and ends with the removal", async () => {
    const screen = await openScreen();
    screen.send({ type: "begin", order: { type: "sale", amount: "100" } });
    await screen.shows("present-card");
    await insert("unionpay-debit");
    await screen.shows("enter-pin");
    await remove();
    await until("the sale is over", () => screen.phase() === "result");
    screen.send({ type: "dismiss" });
    await until("the device is idle", () => screen.phase() === "idle");
    screen.close();
  });

  test("when the daemon ends the card counts as gone, and it is found again afterwards", async () => {
    await insert("unionpay-debit");
    await bench.daemon("stop");
    await until("the card is gone", async () => (await inReader()).length === 0);
    await bench.remove();
    await bench.daemon("start");
    await insert("unionpay-debit");
    assert.equal((await pay()).outcome, "approved");
    await remove();
  });

  test("without the daemon the terminal does not start, and says why in a sentence", () => {
    const main = join(root, "apps/terminal/src/main.ts");
    const ran = spawnSync(process.execPath, [main], {
      env: { ...process.env, TILLWAY_DATA: house.data, PCSCLITE_CSOCK_NAME: "/nowhere/pcscd.comm" },
      encoding: "utf8",
      timeout: 20_000,
    });
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /TILLWAY_READER=pcsc needs the PC\/SC daemon, which does not answer/);
  });
});

test("the flag --reader reaches the terminal, which says what it may be", async () => {
  const data = mkdtempSync(join(tmpdir(), "tillway-reader-flag-"));
  const words = ["start", "--only", "terminal", "--reader", "magnetic", "--data", data];
  const { code, err } = await runTillway(words);
  assert.equal(code, 1);
  assert.match(err, /TILLWAY_READER: must be one of tray, pcsc/);
  rmSync(data, { recursive: true, force: true });
});

function order(): object {
  const card = { entry: "chip", card: "reader", pin: "123456" };
  return { type: "sale", amount: "2580", currency: "CNY", ...card };
}

type Shown = { readonly phase: string; readonly prompt: string };

/** The cashier's screen, as the till's page has it. */
async function openScreen() {
  const url = `${house.terminal.replace("http", "ws")}/terminals/${tid}/screen`;
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${house.pairing}` } });
  let state: Shown | undefined;
  socket.on("message", (data: Buffer) => {
    state = (JSON.parse(data.toString()) as { state?: Shown }).state ?? state;
  });
  await until("the screen is there", () => state !== undefined);
  return {
    send: (message: object) => socket.send(JSON.stringify(message)),
    phase: () => state?.phase,
    shows: (prompt: string) => until(`the screen shows ${prompt}`, () => state?.prompt === prompt),
    close: () => socket.close(),
  };
}
