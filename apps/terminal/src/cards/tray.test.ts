import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { concat, fromAscii, fromHex, toHex } from "@tillway/bytes";
import type { Card } from "@tillway/emv";
import { cardName, makeCards, pan, random, writeCards } from "../../test/demonstration.ts";
import { openTray } from "./tray.ts";

const data = mkdtempSync(join(tmpdir(), "tillway-cards-"));
after(() => rmSync(data, { recursive: true }));
const folder = join(data, "cards");
const { image } = makeCards();
writeCards(data, [image]);

const statePath = join(folder, `${cardName}.state`);
const aid = fromHex("A000000333010101");
const command = {
  select: concat(fromHex("00A40400"), Uint8Array.of(aid.length), aid, fromHex("00")),
  options: fromHex("80A8000002830000"),
  counter: fromHex("80CA9F3600"),
};

/** Brings the card to where it has counted a transaction, and reads its counter. */
async function count(card: Card): Promise<string> {
  assert.equal(toHex(await card.transmit(command.select)).slice(-4), "9000");
  assert.equal(toHex(await card.transmit(command.options)).slice(-4), "9000");
  return toHex(await card.transmit(command.counter));
}

function inserted(tray = openTray(folder, random)): { card: Card; eject: () => void } {
  const slot = tray.insert(cardName);
  assert.ok(slot.ok);
  return slot;
}

test("the tray shows what a card is, its number masked, its demonstration PIN on purpose", () => {
  const [card] = openTray(folder, random).list();
  assert.equal(card?.name, cardName);
  assert.equal(card?.maskedPan, "621626*********0018");
  assert.equal(card?.pin, "123456");
  assert.equal(card?.label.zh, "银联借记卡");
  assert.ok(!JSON.stringify(card).includes(pan));
});

test("the counter is on the disk before the card's answer leaves, and never goes back", async () => {
  const first = inserted();
  assert.equal(await count(first.card), "9F360200019000");
  const written = readFileSync(statePath);
  assert.equal(statSync(statePath).mode & 0o777, 0o600);
  assert.ok(!written.includes(fromAscii(pan)));
  // The process ends without a word; another one reads what was kept.
  assert.equal(await count(inserted().card), "9F360200029000");
});

test("an answer whose state cannot be kept does not leave the card", async () => {
  const { card, eject } = inserted();
  await card.transmit(command.select);
  eject();
  await assert.rejects(card.transmit(command.options), /taken out/);
  assert.equal(await count(inserted().card), "9F360200039000");
});

test("a card is in one slot at a time", () => {
  const tray = openTray(folder, random);
  const slot = inserted(tray);
  assert.deepEqual(tray.insert(cardName), { ok: false, why: "in-use" });
  slot.eject();
  inserted(tray).eject();
  assert.deepEqual(tray.insert("no-such-card"), { ok: false, why: "unknown-card" });
  assert.deepEqual(tray.insert("../secret"), { ok: false, why: "unknown-card" });
});

test("a card that was personalised again starts anew", async () => {
  writeCards(data, [{ ...image, keyIndex: 2 }]);
  assert.equal(await count(inserted().card), "9F360200019000");
});

test("a card file that was changed is refused", () => {
  const path = join(folder, `${cardName}.card`);
  const sealed = readFileSync(path);
  sealed[40] = (sealed[40] ?? 0) ^ 1;
  writeFileSync(path, sealed);
  assert.throws(() => openTray(folder, random), /cannot be opened/);
});
