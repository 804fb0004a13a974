/** The card in the till page's hand: put into the reader, paid with, torn out. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { startInstallation, until, type Installation } from "../system/installation.ts";
import { ended, noViolations, openTill, pictures, startBrowser, typePin } from "./page.ts";

let house: Installation;
let browser: Browser;
before(async () => {
  house = await startInstallation();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await house?.stop();
});

const languages = {
  en: {
    put: "Put into the reader",
    takeOut: "Take out",
    tear: "Tear out",
    approved: "Approved",
    next: "Next",
  },
  "zh-CN": {
    put: "放入读卡器",
    takeOut: "取出",
    tear: "强行拔出",
    approved: "交易成功",
    next: "下一笔",
  },
} as const;
type Words = (typeof languages)[keyof typeof languages];

const phase = (page: Page, name: string) =>
  page.locator(`.device[data-phase="${name}"]`).waitFor({ timeout: 20_000 });
const place = (page: Page, name: "hand" | "reader") =>
  page.locator(`.page-card[data-place="${name}"]`).waitFor();
const press = (page: Page, name: string) =>
  page.locator(".page-card").getByRole("button", { name, exact: true }).click();

/** Types an amount and puts the page's card into the reader, up to the PIN. */
async function saleUpToPin(page: Page, words: Words, minor: string): Promise<void> {
  await page.keyboard.type(minor);
  await page.keyboard.press("Enter");
  await phase(page, "card");
  await press(page, words.put);
  await place(page, "reader");
  await phase(page, "pin");
}

for (const locale of ["en", "zh-CN"] as const) {
  const words = languages[locale];

  test(`the page's card pays and is taken out, in ${locale}`, async () => {
    const had = BigInt(await house.balance("unionpay-debit"));
    const page = await openTill(browser, house, locale);
    await saleUpToPin(page, words, "2580");
    await noViolations(page, "the card in the reader");
    await typePin(page, "123456");
    await ended(page, words.approved);
    await page.locator("img.receipt").waitFor();
    await noViolations(page, "the end");
    await page.screenshot({ path: join(pictures, `page-card-${locale}.png`), fullPage: true });
    const exchanges = await page.locator(".exchanges li").allInnerTexts();
    const generated = exchanges.filter((line) => line.startsWith("GENERATE AC"));
    assert.equal(generated.length, 2);
    assert.ok(exchanges.some((line) => /READ RECORD[\s\S]*9000$/.test(line)));
    await press(page, words.takeOut);
    await place(page, "hand");
    await phase(page, "result");
    assert.equal(BigInt(await house.balance("unionpay-debit")), had - 2580n);
    await page.context().close();
  });
}

test("torn out while the PIN is asked, the sale ends and nothing is owed", async () => {
  const had = await house.balance("unionpay-debit");
  const page = await openTill(browser, house, "en");
  await saleUpToPin(page, languages.en, "100");
  await press(page, languages.en.tear);
  await phase(page, "result");
  await place(page, "hand");
  assert.notEqual(await page.locator(".outcome").getAttribute("data-outcome"), "approved");
  assert.equal(await house.balance("unionpay-debit"), had);
  await page.context().close();
});

test("a page that is closed takes its card with it, and the card is free again", async () => {
  const closing = await openTill(browser, house, "en");
  await saleUpToPin(closing, languages.en, "100");
  await closing.context().close();
  const page = await openTill(browser, house, "en");
  await saleUpToPin(page, languages.en, "200");
  await typePin(page, "123456");
  await ended(page, languages.en.approved);
  await press(page, languages.en.takeOut);
  await phase(page, "result");
  await page.context().close();
});

test("while the page holds the card, the tray's own is in use", async () => {
  const page = await openTill(browser, house, "en");
  await saleUpToPin(page, languages.en, "100");
  const answer = await house.pay({ tid: "10000002" });
  assert.equal(answer["code"], "in-use", JSON.stringify(answer));
  await press(page, languages.en.tear);
  await phase(page, "result");
  await until("the card is free", async () => {
    const { outcome } = await house.pay({ tid: "10000002" });
    return outcome === "approved";
  });
  await page.context().close();
});
