import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import {
  confirm,
  ended,
  noViolations,
  openTill,
  pictures,
  says,
  startBrowser,
  typePin,
} from "./page.ts";
import { startInstallation, type Installation } from "../system/installation.ts";

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
    insert: "Insert, tap or swipe card",
    remove: "Remove card",
    pin: "Enter PIN",
    approved: "Approved",
    wrongPin: "Wrong PIN",
    cancelled: "Cancelled",
    next: "Next",
    cancel: "Cancel",
    debit: "Insert: UnionPay debit",
  },
  "zh-CN": {
    insert: "请插卡、挥卡或刷卡",
    remove: "拔卡",
    pin: "请输入密码",
    approved: "交易成功",
    wrongPin: "密码错误",
    cancelled: "交易已取消",
    next: "下一笔",
    cancel: "取消",
    debit: "插卡: 银联借记卡",
  },
} as const;
type Words = (typeof languages)[keyof typeof languages];

/** Takes the card out and goes back to the amount. */
async function finish(page: Page, words: Words): Promise<void> {
  const sale = page.locator(".sale");
  await sale.getByRole("button", { name: words.remove, exact: true }).click();
  await sale.getByRole("button", { name: words.next, exact: true }).click();
  await page.locator(".keys").waitFor();
  await page.context().close();
}

/** Types an amount and inserts the debit card, up to the PIN. */
async function saleUpToPin(page: Page, words: Words, minor: string): Promise<void> {
  await page.keyboard.type(minor);
  await page.keyboard.press("Enter");
  await says(page, words.insert);
  await page.getByRole("button", { name: words.debit, exact: true }).click();
  await says(page, words.pin);
}

for (const locale of ["en", "zh-CN"] as const) {
  const words = languages[locale];

  test(`a sale from the amount to the receipt, in ${locale}`, async () => {
    const page = await openTill(browser, house, locale);
    await noViolations(page, "amount");
    await page.keyboard.type("2580");
    await page.screenshot({ path: join(pictures, `till-amount-${locale}.png`) });
    await page.keyboard.press("Enter");
    await says(page, words.insert);
    await noViolations(page, "card");
    await page.getByRole("button", { name: words.debit, exact: true }).click();
    await says(page, words.pin);
    await noViolations(page, "pin");
    await page.screenshot({ path: join(pictures, `till-pin-${locale}.png`) });
    await typePin(page, "123456");
    await ended(page, words.approved);
    await page.locator("img.receipt").waitFor();
    await noViolations(page, "result");
    await page.screenshot({
      path: join(pictures, `till-approved-${locale}.png`),
      fullPage: true,
    });
    await finish(page, words);
  });

  test(`a wrong PIN is declined with its reason, in ${locale}`, async () => {
    const page = await openTill(browser, house, locale);
    await saleUpToPin(page, words, "100");
    await typePin(page, "999999");
    await ended(page, words.wrongPin);
    await page.locator("dd").getByText("55").waitFor();
    await page.screenshot({
      path: join(pictures, `till-wrong-pin-${locale}.png`),
      fullPage: true,
    });
    await finish(page, words);
    const reset = await house.tillway("cards", "--reset");
    assert.equal(reset.code, 0, reset.err);
  });

  test(`a sale is cancelled at the PIN, in ${locale}`, async () => {
    const page = await openTill(browser, house, locale);
    await saleUpToPin(page, words, "100");
    await page.getByRole("button", { name: words.cancel, exact: true }).click();
    await ended(page, words.cancelled);
    await finish(page, words);
  });
}

test("the till is used by keyboard alone", async () => {
  const page = await openTill(browser, house, "en");
  await page.keyboard.type("500");
  await page.keyboard.press("Enter");
  await says(page, languages.en.insert);
  const insert = page.getByRole("button", { name: "Insert: UnionPay debit", exact: true });
  for (let tabs = 0; tabs < 40; tabs += 1) {
    if (await insert.evaluate((element) => element === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await says(page, "Enter PIN");
  await page.frameLocator("iframe").locator("#pad").waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === "IFRAME");
  // The focus is inside the PIN pad by itself: the digits go there.
  await page.keyboard.type("123456", { delay: 30 });
  confirm(page);
  await ended(page, "Approved");
  for (const label of ["Remove card", "Next"]) {
    await page.locator(".sale > button:focus").getByText(label, { exact: true }).waitFor();
    await page.keyboard.press("Enter");
  }
  await page.locator(".keys").waitFor();
  await page.context().close();
});

/** Whether a text stands anywhere in the JavaScript heap of the page (not of its frames' workers). */
async function heapHolds(page: Page, text: string): Promise<boolean> {
  const session = await page.context().newCDPSession(page);
  const chunks: string[] = [];
  session.on("HeapProfiler.addHeapSnapshotChunk", ({ chunk }) => chunks.push(chunk));
  await session.send("HeapProfiler.takeHeapSnapshot", { reportProgress: false });
  await session.detach();
  return chunks.join("").includes(text);
}

test("the digits of a PIN never reach the page, its traffic or its memory", async () => {
  const page = await openTill(browser, house, "en");
  const traffic: string[] = [];
  page.on("websocket", (socket) => {
    if (socket.url().includes("/pin-pad/")) return;
    socket.on("framesent", ({ payload }) => traffic.push(String(payload)));
    socket.on("framereceived", ({ payload }) => traffic.push(String(payload)));
  });
  page.on("request", (request) => traffic.push(request.url(), request.postData() ?? ""));
  await page.locator(".keys").waitFor();
  await saleUpToPin(page, languages.en, "700");
  const planted = ["8642", "0975"].join("");
  await page.evaluate((value) => Object.assign(globalThis, { planted: `x${value}` }), planted);
  assert.equal(await heapHolds(page, planted), true, "the search finds a planted value");
  const pin = ["9173", "5502"].join("");
  await typePin(page, pin);
  await ended(page, languages.en.wrongPin);
  assert.equal(await heapHolds(page, pin), false, "memory");
  assert.ok(!(await page.content()).includes(pin), "document");
  assert.ok(traffic.length > 0 && !traffic.join("\n").includes(pin), "traffic");
  await finish(page, languages.en);
  const reset = await house.tillway("cards", "--reset");
  assert.equal(reset.code, 0, reset.err);
});
