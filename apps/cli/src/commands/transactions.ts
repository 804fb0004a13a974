/** The commands of every transaction type. */
import { CommandError } from "../output.ts";
import type { Command } from "./command.ts";
import { amountOf, transaction } from "./transaction.ts";

const required = (value: string | undefined, sentence: string): string => {
  if (value === undefined) throw new CommandError(sentence);
  return value;
};

export const pay = transaction({
  name: "pay",
  meaning: "a sale at a terminal of the running system",
  type: "sale",
  flags: { partial: { meaning: "take a part of the amount where no more is approved" } },
  more: (given) => (given.has("partial") ? { partial: true } : {}),
});

const voided = transaction({
  name: "void",
  meaning: "undo a sale of the open batch",
  type: "sale void",
});

const refund = transaction({
  name: "refund",
  meaning: "give back a sale, or --amount of it, of any day and terminal",
  type: "refund",
});

const preauth = transaction({
  name: "preauth",
  meaning: "set an amount apart on a card",
  type: "pre-authorisation",
});

const complete = transaction({
  name: "complete",
  words: "--rrn REFERENCE [--amount 25.80] [--advice]",
  meaning: "charge what was set apart",
  type: (given) => (given.has("advice") ? "completion advice" : "completion"),
  flags: { advice: { meaning: "as an advice, without waiting for the bank" } },
});

const cancelPreauth = transaction({
  name: "cancel-preauth",
  meaning: "free what was set apart",
  type: "pre-authorisation void",
});

const cancelCompletion = transaction({
  name: "cancel-completion",
  meaning: "undo a completion of the open batch",
  type: "completion void",
});

const balance = transaction({
  name: "balance",
  words: "[--card NAME]",
  meaning: "the balance of a card",
  type: "balance inquiry",
});

const withdraw = transaction({
  name: "withdraw",
  meaning: "cash out of the drawer",
  type: "withdrawal",
});

const deposit = transaction({
  name: "deposit",
  meaning: "cash into the drawer, onto a card",
  type: "deposit",
});

const transfer = transaction({
  name: "transfer",
  words: "--amount 25.80 --to CARD",
  meaning: "money from one card to another",
  type: "transfer",
  flags: { to: { takes: "CARD", meaning: "card number or demonstration card that it goes to" } },
  more: (given) => ({
    receiver: required(given.value("to"), "--to takes a card number or a demonstration card"),
  }),
});

const tip = transaction({
  name: "tip",
  words: "--rrn REFERENCE --tip 2.50",
  meaning: "add a tip to a sale of the open batch",
  type: "tip adjustment",
  flags: { tip: { takes: "AMOUNT", meaning: "the tip in CNY" } },
  more: (given) => ({ tip: amountOf(given.value("tip"), "tip") }),
});

const instalment = transaction({
  name: "instalment",
  words: "--amount 1200.00 --periods 12",
  meaning: "a sale that the cardholder pays off in parts",
  type: "instalment sale",
  flags: {
    periods: { takes: "NUMBER", meaning: "how many payments: 2 to 99" },
    plan: { takes: "CODE", meaning: "the bank's plan, two digits (default 01)" },
    payer: { takes: "WHO", meaning: "who pays the plan's fee: holder (default) or merchant" },
  },
  more: (given) => {
    const periods = given.value("periods") ?? "";
    const payer = given.value("payer") ?? "holder";
    if (!/^([2-9]|[1-9]\d)$/.test(periods)) throw new CommandError("--periods takes 2 to 99");
    if (payer !== "holder" && payer !== "merchant") {
      throw new CommandError("--payer takes holder or merchant");
    }
    const code = given.value("plan") ?? "01";
    return { plan: { periods: Number.parseInt(periods, 10), code, payer } };
  },
});

/** By their names. */
export const transactions: Readonly<Record<string, Command>> = {
  pay,
  void: voided,
  refund,
  preauth,
  complete,
  "cancel-preauth": cancelPreauth,
  "cancel-completion": cancelCompletion,
  balance,
  withdraw,
  deposit,
  transfer,
  tip,
  instalment,
};
