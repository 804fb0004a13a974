/** Every kind of transaction from the till's page, by a cashier in a real browser, in both languages. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { startInstallation, type Installation } from "../system/installation.ts";
import { cashierAt, type Cashier } from "./cashier.ts";
import { noViolations, openTill, pictures, startBrowser, typePin, type Locale } from "./page.ts";

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

/** Runs a test with a till of its own and leaves nothing behind. */
async function atTill(locale: Locale, run: (cashier: Cashier) => Promise<void>): Promise<void> {
  const page = await openTill(browser, house, locale);
  try {
    await run(cashierAt(page, locale));
  } finally {
    await page.context().close();
  }
}

const picture = ({ page }: Cashier, name: string, locale: Locale) =>
  page.screenshot({ path: join(pictures, `till-${name}-${locale}.png`), fullPage: true });

/** A sale that the test does not look at: its reference. */
async function paid(amount: string, tid = "10000001"): Promise<string> {
  const { outcome, rrn } = await house.pay({ amount, tid });
  assert.equal(outcome, "approved");
  return rrn;
}

for (const locale of ["en", "zh-CN"] as const) {
  test(`a sale is made and voided, in ${locale}`, () =>
    atTill(locale, async (cashier) => {
      const { page, text, name } = cashier;
      const had = await house.balance("unionpay-debit");
      await cashier.order("3100");
      await cashier.chip("unionpay-debit", "123456");
      await cashier.next();
      await noViolations(page, "menu");
      await picture(cashier, "home", locale);
      await cashier.choose(text["menu.void"]);
      await page.getByRole("searchbox").fill("31.00");
      await page.locator(".entries > li > button").first().click();
      await page.locator(".detail img.receipt").waitFor();
      await noViolations(page, "journal");
      await picture(cashier, "journal", locale);
      await page
        .locator(".detail")
        .getByRole("button", { name: name("sale void") })
        .click();
      await noViolations(page, "void");
      await cashier.order();
      await cashier.ended();
      await picture(cashier, "voided", locale);
      await cashier.next();
      assert.equal(await house.balance("unionpay-debit"), had);
      await cashier.choose(text["menu.journal"]);
      await page.getByRole("searchbox").fill("31.00");
      await page.locator(".entries > li > button").last().click();
      await page.locator(".detail").getByText(text["journal.nothingFollows"]).waitFor();
    }));

  test(`a sale is refunded twice in parts, never more than it was, in ${locale}`, async () => {
    const rrn = await paid("1000");
    await atTill(locale, async (cashier) => {
      const { page, text, name } = cashier;
      await cashier.choose(name("refund"));
      await cashier.follow(rrn, "refund");
      await cashier.order("400");
      await cashier.ended();
      await cashier.next();
      await cashier.choose(name("refund"));
      await cashier.follow(rrn, "refund");
      await page.keyboard.type("601");
      await page.locator(".reason").getByText(text["lack.less"]).waitFor();
      await noViolations(page, "refund");
      await picture(cashier, "refund", locale);
      const button = page.locator(".order button.primary");
      assert.equal(await button.getAttribute("aria-disabled"), "true");
      assert.equal(await button.getAttribute("title"), text["lack.less"]);
      await page.keyboard.press("Backspace");
      await cashier.order("0");
      await cashier.ended();
      await cashier.next();
      await cashier.choose(name("refund"));
      await page.getByRole("searchbox").fill(rrn);
      await page.getByText(text["journal.none"]).waitFor();
    });
  });

  test(`an amount is held and a part of it taken, in ${locale}`, () =>
    atTill(locale, async (cashier) => {
      const { page, text, name } = cashier;
      await page.keyboard.type("50000");
      await cashier.choose(name("pre-authorisation"));
      await cashier.order();
      await cashier.chip("unionpay-credit", "123456");
      await cashier.next();
      await cashier.choose(text["menu.complete"]);
      await cashier.follow("500.00", "completion");
      await noViolations(page, "completion");
      await cashier.order("45000");
      await cashier.ended();
      await page.locator(".sale .figure").getByText("450.00").waitFor();
      await picture(cashier, "completed", locale);
      await cashier.next();
    }));

  test(`a card is held to the reader for a small amount, without a PIN, in ${locale}`, () =>
    atTill(locale, async (cashier) => {
      await cashier.order("1500");
      await cashier.phase("card");
      await noViolations(cashier.page, "card");
      await picture(cashier, "card", locale);
      await cashier.present("tray.tap", "contactless-unionpay-debit");
      await cashier.ended();
      await cashier.next();
    }));

  test(`a stripe is swiped and signed for on the screen, in ${locale}`, () =>
    atTill(locale, async (cashier) => {
      const { page, text } = cashier;
      await cashier.order("2400");
      await cashier.phase("card");
      await cashier.present("tray.swipe", "visa-stripe");
      await cashier.phase("signature");
      const box = await page.locator(".signature svg").boundingBox();
      assert.ok(box);
      const at = (x: number, y: number) => [box.x + box.width * x, box.y + box.height * y] as const;
      const stroke = async () => {
        await page.mouse.move(...at(0.2, 0.6));
        await page.mouse.down();
        for (const [x, y] of [
          [0.35, 0.2],
          [0.4, 0.7],
          [0.55, 0.35],
          [0.8, 0.5],
        ] as const) {
          await page.mouse.move(...at(x, y), { steps: 4 });
        }
        await page.mouse.up();
      };
      await stroke();
      await page.locator(".signature").getByRole("button", { name: text["amount.clear"] }).click();
      assert.equal(await page.locator(".signature polyline").count(), 0);
      await stroke();
      await noViolations(page, "signature");
      await picture(cashier, "signature", locale);
      await cashier.press(text["sign.accept"]);
      await cashier.ended();
      const receipt = await page.locator("img.receipt").getAttribute("src");
      assert.match(decodeURIComponent(receipt ?? ""), /data:image\/png;base64/);
      await picture(cashier, "signed", locale);
      await cashier.next();
    }));

  test(`a balance is asked for, in ${locale}`, () =>
    atTill(locale, async (cashier) => {
      const { page, name } = cashier;
      await cashier.choose(name("balance inquiry"));
      await cashier.order();
      await cashier.chip("unionpay-debit", "123456");
      const shown = await page.locator("[data-balance]").getAttribute("data-balance");
      assert.equal(shown, await house.balance("unionpay-debit"));
      await noViolations(page, "balance");
      await picture(cashier, "balance", locale);
      await cashier.next();
    }));

  test(`the batch is settled and balances, in ${locale}`, async () => {
    await paid("700");
    await atTill(locale, async (cashier) => {
      const { page, text } = cashier;
      await cashier.choose(text["menu.batch"]);
      await page.locator(".batch table").waitFor();
      await noViolations(page, "batch");
      await cashier.press(text["batch.settle"]);
      await page.locator('.batch [data-balanced="true"]').waitFor();
      await noViolations(page, "settled");
      await picture(cashier, "settled", locale);
      await cashier.press(text["action.back"]);
      await cashier.choose(text["device.echo"]);
      await page.locator('.said [data-outcome="approved"]').waitFor();
    });
  });
}

test("two cards are told apart, and a locked phone is unlocked and asks for no PIN here", () =>
  atTill("en", async (cashier) => {
    const { page, text } = cashier;
    const says = (prompt: string) =>
      page.locator(`.device[data-prompt="${prompt}"]`).waitFor({ timeout: 20_000 });
    await cashier.order("200000");
    await cashier.phase("card");
    for (const face of ["contactless-unionpay-debit", "contactless-visa"]) {
      await page.getByLabel(`${text["tray.hold"]}: ${cashier.labelOf(face)}`).check();
    }
    await cashier.press(text["tray.together"]);
    await says("present-one-card");
    await cashier.present("tray.tap", "contactless-unionpay-phone");
    await says("see-phone");
    await cashier.present("tray.unlock", "contactless-unionpay-phone");
    // Whether so much is taken is the acquirer's to say: it was asked.
    await cashier.phase("result");
    await page.locator(".sale dd").getByText("625094******0006").waitFor();
    await cashier.next();
  }));

test("a chip card that is swiped is to be inserted; its number is typed instead", () =>
  atTill("en", async (cashier) => {
    const { page } = cashier;
    await cashier.order("800");
    await cashier.phase("card");
    await cashier.present("tray.swipe", "unionpay-debit");
    await page.locator('.device[data-prompt="use-chip"]').waitFor();
    await cashier.present("tray.type", "unionpay-debit");
    await cashier.phase("pin");
    await typePin(page, "123456");
    await cashier.ended();
    await cashier.next();
  }));

test("a sale of another terminal is refunded by its receipt, and the card is read", async () => {
  const rrn = await paid("900", "10000002");
  await atTill("en", async (cashier) => {
    const { page, text, name } = cashier;
    await cashier.choose(name("refund"));
    await cashier.press(text["journal.byHand"]);
    await page.getByLabel(text["hand.rrn"]).fill(rrn);
    await noViolations(page, "by hand");
    await picture(cashier, "by-hand", "en");
    await page.locator(".order h2").click();
    await cashier.order("900");
    await cashier.phase("card");
    await cashier.present("tray.insert", "unionpay-debit");
    await cashier.ended();
    await cashier.next();
  });
});

test("a refund is made by keyboard alone", async () => {
  const rrn = await paid("600", "10000001");
  await atTill("en", async ({ page, text, name, ended, phase }) => {
    /** Goes on with Tab until this has the focus. */
    const tabTo = async (wanted: Locator): Promise<void> => {
      for (let tabs = 0; tabs < 60; tabs += 1) {
        if (await wanted.evaluate((element) => element === document.activeElement)) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`the keyboard does not reach ${String(wanted)}`);
    };
    await tabTo(page.locator(".menu").getByRole("button", { name: name("refund"), exact: true }));
    await page.keyboard.press("Enter");
    await page.locator(".journal").waitFor();
    await tabTo(page.getByRole("searchbox"));
    await page.keyboard.type(rrn);
    await tabTo(page.locator(".entries > li > button").first());
    await page.keyboard.press("Enter");
    await tabTo(page.locator(".detail button").first());
    await page.keyboard.press("Enter");
    // The focus is on the order's button by itself: the amount is typed at once.
    await page.locator(".order button.primary:focus").waitFor();
    await page.keyboard.type("250");
    await page.keyboard.press("Enter");
    await ended();
    await phase("result");
    await page.locator(".sale > button:focus").getByText(text["action.newSale"]).waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".menu").waitFor();
  });
});

// Empties the account: the last.
test("what the bank does not approve is shown and collected in another way", () =>
  atTill("en", async (cashier) => {
    const { page, text } = cashier;
    await page.getByLabel(text["order.partial"]).check();
    const asked = BigInt(await house.balance("unionpay-debit")) + 1000n;
    await cashier.order(asked.toString());
    await cashier.chip("unionpay-debit", "123456");
    assert.equal(await page.locator("[data-rest]").getAttribute("data-rest"), "1000");
    await noViolations(page, "a part");
    await picture(cashier, "part", "en");
    await page.locator(".sale").getByRole("button", { name: text["action.removeCard"] }).click();
    await cashier.press(text["result.collect"]);
    await page.locator(".order .figure").getByText("10.00").waitFor();
    await cashier.order();
    await cashier.phase("card");
    await cashier.present("tray.insert", "unionpay-credit");
    await cashier.phase("pin");
    await typePin(page, "123456");
    await cashier.ended();
    await cashier.next();
  }));
