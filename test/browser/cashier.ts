/** What a cashier does at the till, in the words of a language. */
import type { Page } from "playwright-core";
import { en } from "../../apps/web/src/language/en.ts";
import { zhCN } from "../../apps/web/src/language/zh-CN.ts";
import { demonstrationProfiles, contactlessProfiles } from "@tillway/emv";
import { catalogue, type TransactionName } from "@tillway/transactions";
import { typePin, type Locale } from "./page.ts";

export type Cashier = ReturnType<typeof cashierAt>;

export function cashierAt(page: Page, locale: Locale) {
  const text: Readonly<Record<keyof typeof en, string>> = locale === "en" ? en : zhCN;
  const both = (value: { readonly en: string; readonly zh: string }): string =>
    locale === "en" ? value.en : value.zh;
  const name = (type: TransactionName): string => both(catalogue[type].text);
  const form = page.locator(".order");
  const running = page.locator(".sale");

  const labelOf = (card: string): string => {
    const all = [...demonstrationProfiles(), ...contactlessProfiles()];
    const profile = all.find((one) => one.name === card);
    if (!profile) throw new Error(`no demonstration card ${card}`);
    return both(profile.label);
  };
  const press = (label: string): Promise<void> =>
    page.getByRole("button", { name: label, exact: true }).click();
  const phase = (wanted: string): Promise<void> =>
    page.locator(`.device[data-phase="${wanted}"]`).waitFor({ timeout: 20_000 });
  type Way = "tray.insert" | "tray.tap" | "tray.unlock" | "tray.swipe" | "tray.type";
  const present = (way: Way, card: string) => press(`${text[way]}: ${labelOf(card)}`);
  const ended = async (outcome = "approved"): Promise<void> => {
    await page.locator(`.outcome[data-outcome="${outcome}"]`).waitFor({ timeout: 20_000 });
  };
  /** The main button of the order; digits of minor units are typed before it. */
  const order = async (minor = ""): Promise<void> => {
    await form.locator("button.primary").waitFor();
    await page.keyboard.type(minor);
    await form.locator("button.primary").click();
  };
  /** Takes the card out where one is in, and goes back to the amount. */
  const next = async (): Promise<void> => {
    const remove = running.getByRole("button", { name: text["action.removeCard"], exact: true });
    if (await remove.isVisible()) await remove.click();
    await running.getByRole("button", { name: text["action.newSale"], exact: true }).click();
    await page.locator(".menu").waitFor();
  };
  return {
    page,
    text,
    name,
    press,
    phase,
    present,
    ended,
    order,
    next,
    labelOf,
    /** Chooses from the menu. */
    choose: (label: string): Promise<void> =>
      page.locator(".menu").getByRole("button", { name: label, exact: true }).click(),
    /** Opens the transaction that the search finds, and chooses what follows it. */
    follow: async (words: string, type: TransactionName): Promise<void> => {
      await page.getByRole("searchbox").fill(words);
      await page.locator(".entries > li > button").first().click();
      await page
        .locator(".detail")
        .getByRole("button", { name: name(type), exact: true })
        .click();
    },
    chip: async (card: string, pin: string): Promise<void> => {
      await phase("card");
      await present("tray.insert", card);
      await phase("pin");
      await typePin(page, pin);
      await ended();
    },
  };
}
