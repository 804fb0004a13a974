import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import type { Card } from "@tillway/emv";
import type { Clock } from "@tillway/link";
import type { CardTray } from "./tray.ts";
import { lendCard, openWebReader, webCard, type FromCard, type ToCard } from "./websocket.ts";

const select = fromHex("00A404000000");
const attach: FromCard = { type: "attach", interface: "contact", atr: "3BE000FF8131FE4514" };

/** A clock that stands until its one timer is rung. */
function standing(): Clock & { readonly ring: () => void } {
  let due: (() => void) | undefined;
  return {
    now: () => 0,
    after: (_, run) => {
      due = run;
      return () => {
        due = undefined;
      };
    },
    ring: () => due?.(),
  };
}

const emptyTray: CardTray = {
  list: () => [],
  insert: () => ({ ok: false, why: "unknown-card" }),
  reload: () => undefined,
};

/** A reader with a desk that takes every card, and one socket to it. */
function reading() {
  const clock = standing();
  const reader = openWebReader(clock);
  const tray = reader.beside(emptyTray);
  let slot: { card: Card; eject: () => void } | undefined;
  const happened: string[] = [];
  reader.attend({
    insert: (name) => {
      const inserted = tray.insert(name);
      if (!inserted.ok) return inserted.why;
      slot = inserted;
      happened.push("inserted");
      return undefined;
    },
    remove: () => {
      happened.push("removed");
      slot?.eject();
      slot = undefined;
    },
  });
  const connect = () => {
    const said: ToCard[] = [];
    const closed: string[] = [];
    const line = {
      send: (message: ToCard) => said.push(message),
      close: (why: string) => closed.push(why),
    };
    return { said, closed, ...reader.connect(line) };
  };
  const card = (): Card => slot?.card ?? assert.fail("no card in the slot");
  return { clock, tray, connect, card, happened, eject: () => slot?.eject() };
}

test("a card that attaches is inserted, reset, asked, and its answer is the response", async () => {
  const { connect, card, tray, happened } = reading();
  const page = connect();
  page.hear(attach);
  assert.deepEqual(page.said, [{ type: "reset" }, { type: "attached" }]);
  assert.equal(tray.list()[0]?.name, webCard);
  assert.equal(toHex(card().atr), attach.atr);
  const response = card().transmit(select);
  assert.deepEqual(page.said.at(-1), { type: "command", id: 1, apdu: toHex(select) });
  page.hear({ type: "response", id: 1, apdu: "6F009000" });
  assert.equal(toHex(await response), "6F009000");
  page.hear({ type: "detach" });
  assert.deepEqual(happened, ["inserted", "removed"]);
  assert.deepEqual(tray.list(), []);
  await assert.rejects(async () => card().transmit(select));
});

test("torn out before its answer, the command fails and the card is removed", async () => {
  const { connect, card, happened } = reading();
  const page = connect();
  page.hear(attach);
  const response = card().transmit(select);
  page.gone();
  await assert.rejects(response, /taken out/);
  assert.deepEqual(happened, ["inserted", "removed"]);
  // The socket's end is told once more, or its card says something late: nothing comes of it.
  page.gone();
  page.hear({ type: "response", id: 1, apdu: "9000" });
  assert.equal(happened.length, 2);
});

test("a card that says nothing counts as torn out after its time", async () => {
  const { clock, connect, card, happened } = reading();
  const page = connect();
  page.hear(attach);
  const response = card().transmit(select);
  clock.ring();
  await assert.rejects(response, /taken out/);
  assert.deepEqual(page.closed, ["the card did not answer"]);
  assert.deepEqual(happened, ["inserted", "removed"]);
});

test("what is no message of a card ends its socket, at any moment", async () => {
  const bad: unknown[] = [
    undefined,
    "attach",
    { type: "attach", interface: "contact", atr: "3" },
    { type: "attach", interface: "contact", atr: "3B".repeat(34) },
    { type: "attach", interface: "magnetic", atr: "3B00" },
    { type: "response", id: 1, apdu: "90" },
    { type: "response", id: 1, apdu: "90xx" },
    { type: "response", id: 1, apdu: "00".repeat(259) },
    { type: "response", apdu: "9000" },
    { type: "command", id: 1, apdu: "00A40400" },
  ];
  for (const message of bad) {
    const { connect, card, happened } = reading();
    const page = connect();
    page.hear(attach);
    const response = card().transmit(select);
    page.hear(message);
    await assert.rejects(response, /taken out/, JSON.stringify(message));
    assert.deepEqual(page.closed, ["not a message of a card"]);
    assert.deepEqual(happened, ["inserted", "removed"]);
  }
});

test("a second card, and one without contacts, are refused and disturb nothing", () => {
  const { connect, happened } = reading();
  const [first, second, third] = [connect(), connect(), connect()];
  third.hear({ ...attach, interface: "contactless" });
  assert.deepEqual(third.said, [{ type: "refused", code: "interface-not-served" }]);
  first.hear(attach);
  second.hear(attach);
  assert.deepEqual(second.said, [{ type: "refused", code: "in-use" }]);
  second.hear({ type: "response", id: 1, apdu: "9000" });
  second.gone();
  assert.deepEqual(happened, ["inserted"]);
});

test("an answer to an earlier command is nobody's", async () => {
  const { connect, card } = reading();
  const page = connect();
  page.hear(attach);
  const response = card().transmit(select);
  page.hear({ type: "response", id: 0, apdu: "6F00" });
  page.hear({ type: "response", id: 1, apdu: "9000" });
  assert.equal(toHex(await response), "9000");
});

test("taken from the desk, the card is told; put straight back, it is only reset", async () => {
  const { connect, tray, eject } = reading();
  const page = connect();
  page.hear(attach);
  eject();
  const again = tray.insert(webCard);
  assert.ok(again.ok);
  await Promise.resolve();
  assert.deepEqual(page.said.at(-1), { type: "reset" });
  again.eject();
  await Promise.resolve();
  assert.deepEqual(page.said.at(-1), { type: "released" });
});

test("a PIN in clear is never said to a page", async () => {
  const { connect, card } = reading();
  const page = connect();
  page.hear(attach);
  const verify = fromHex("00200080082412345FFFFFFFFF");
  assert.equal(toHex(await card().transmit(verify)), "6985");
  assert.ok(page.said.every((message) => message.type !== "command"));
});

/** A tray with one card that counts its commands since it had power. */
function countingTray(): CardTray {
  let inSlot = false;
  let powers = 0;
  const insert = (): ReturnType<CardTray["insert"]> => {
    if (inSlot) return { ok: false, why: "in-use" };
    inSlot = true;
    powers += 1;
    let commands = 0;
    const transmit = async (): Promise<Uint8Array> => {
      commands += 1;
      return Uint8Array.of(powers, commands, 0x90, 0x00);
    };
    const eject = (): void => {
      inSlot = false;
    };
    return { ok: true, card: { atr: fromHex("3B80800101"), transmit }, eject };
  };
  return { ...emptyTray, insert };
}

test("a lent card answers, forgets at a reset, and is back in the tray afterwards", async () => {
  const tray = countingTray();
  const said: FromCard[] = [];
  const line = { send: (message: FromCard) => said.push(message), close: () => assert.fail() };
  const lent = lendCard(tray, "any", line);
  assert.deepEqual(said, [{ type: "attach", interface: "contact", atr: "3B80800101" }]);
  assert.equal(tray.insert("any").ok, false, "a card is in one place at a time");
  const answers = async (id: number): Promise<FromCard | undefined> => {
    lent.hear({ type: "command", id, apdu: toHex(select) });
    await new Promise((resolve) => setImmediate(resolve));
    return said.at(-1);
  };
  assert.deepEqual(await answers(1), { type: "response", id: 1, apdu: "01019000" });
  assert.deepEqual(await answers(2), { type: "response", id: 2, apdu: "01029000" });
  lent.hear({ type: "reset" });
  assert.deepEqual(await answers(3), { type: "response", id: 3, apdu: "02019000" });
  // What is no command of a reader changes nothing.
  for (const bad of [undefined, { type: "attached" }, { type: "command", id: 4, apdu: "00" }])
    lent.hear(bad);
  lent.gone();
  lent.hear({ type: "reset" });
  assert.equal(tray.insert("any").ok, true);
});

test("a card that is in use is not lent", () => {
  const tray = countingTray();
  tray.insert("any");
  const closed: string[] = [];
  lendCard(tray, "any", { send: () => assert.fail(), close: (why) => closed.push(why) });
  assert.deepEqual(closed, ["in-use"]);
});
