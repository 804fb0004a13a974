/** The till in a real browser: opening it, typing a PIN, what it says, and what axe says of it. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import type { Installation } from "../system/installation.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where the tests leave pictures of what they saw. */
export const pictures = join(import.meta.dirname, "..", "..", ".cache", "screenshots");
mkdirSync(pictures, { recursive: true });

export type Locale = "en" | "zh-CN";

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.TILLWAY_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Opens the till, paired; the terminal is idle, whatever an earlier test left. */
export async function openTill(
  browser: Browser,
  house: Installation,
  locale: Locale,
): Promise<Page> {
  const context = await browser.newContext({ locale, viewport: { width: 1200, height: 960 } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  // In Chinese through the acquirer's port, which passes the till on; in English at the terminal.
  const origin = locale === "en" ? house.terminal : house.http;
  await page.goto(`${origin}/till/#pair=${encodeURIComponent(house.pairing)}`);
  await page.locator(".device .order, .device .sale").waitFor();
  for (let clicks = 0; clicks < 5; clicks += 1) {
    if (await page.locator(".keys").isVisible()) break;
    await page.locator(".sale > button").click();
    await page.waitForTimeout(300);
  }
  await page.locator(".keys").waitFor();
  return page;
}

export async function noViolations(page: Page, where: string): Promise<void> {
  for (const frame of page.frames()) {
    await frame.evaluate(axe);
    const found = await frame.evaluate(async () => {
      const runner = (
        globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        }
      ).axe;
      const { violations } = await runner.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
    });
    assert.deepEqual(found, [], `${where} ${frame.url()}`);
  }
}

const prompt = (page: Page) => page.locator(".prompt");
export const says = (page: Page, text: string) =>
  prompt(page).getByText(text, { exact: true }).waitFor({ timeout: 20_000 });

/** Waits for the end of the payment, as its outcome says it. */
export const ended = (page: Page, text: string) =>
  page.locator(".outcome").getByText(text, { exact: true }).waitFor({ timeout: 20_000 });

/** Types into the PIN pad's own document. */
export async function typePin(page: Page, digits: string): Promise<void> {
  const pad = page.frameLocator("iframe").locator("#pad");
  await pad.waitFor();
  await pad.focus();
  for (const [at, digit] of [...digits].entries()) {
    await page.keyboard.press(digit);
    await page
      .locator(".dots")
      .getByText("●".repeat(at + 1))
      .waitFor();
  }
  confirm(page);
}

/**
 * Presses Enter in the PIN pad. The pad's frame goes away with it, and the browser may then never
 * acknowledge the key: what follows on the page is waited for, not this.
 */
export function confirm(page: Page): void {
  page.keyboard.press("Enter").catch(() => undefined);
}
