import { currency, parseMajor } from "@tillway/money";
import { CommandError, type Ending } from "../output.ts";
import { findDevice, knownToAcquirer, type PaymentAnswer } from "../system/payment.ts";
import type { Command } from "./command.ts";

/** The ending of a payment: exit 0 only where it was approved. */
export function paymentEnding(answer: PaymentAnswer): Ending {
  return { exit: answer.outcome === "approved" ? 0 : 2, text: answer.receipt, json: answer };
}

/** Minor units of an amount on the command line. Throws CommandError where it is none. */
export function amountOf(text: string | undefined): string {
  const cny = currency("CNY");
  const amount = text === undefined || !cny ? undefined : parseMajor(text, cny);
  if (!amount) throw new CommandError("--amount takes a decimal amount such as 25.80");
  return amount.minor.toString();
}

export const pay: Command = {
  words: "pay --amount 25.80",
  meaning: "a sale at a terminal of the running system",
  flags: {
    amount: { takes: "AMOUNT", meaning: "amount in CNY, such as 25.80" },
    entry: { takes: "ENTRY", meaning: "chip (default)" },
    card: { takes: "NAME", meaning: "a demonstration card (default unionpay-debit)" },
    pin: { takes: "DIGITS", meaning: "the PIN that is typed (default: the card's own)" },
    terminal: { takes: "TID", meaning: "the terminal (default: the first)" },
  },
  run: async (given, { data }) => {
    const amount = amountOf(given.value("amount"));
    const entry = given.value("entry") ?? "chip";
    if (entry !== "chip") throw new CommandError(`--entry ${entry} is not offered: use chip`);
    const pin = given.value("pin");
    if (pin !== undefined && !/^\d{4,12}$/.test(pin)) {
      throw new CommandError("--pin takes 4 to 12 digits");
    }
    const device = await findDevice(data, given.value("terminal"));
    const card = given.value("card") ?? "unionpay-debit";
    const known = (await device.get("cards")) as readonly { name: string; pin: string }[];
    const found = known.find((one) => one.name === card);
    if (!found) {
      const names = known.map((one) => one.name).join(", ");
      throw new CommandError(`there is no card ${card}; there are: ${names}`);
    }
    const answer = (await device.post("payments", {
      type: "sale",
      amount,
      currency: "CNY",
      entry,
      card,
      // The PIN of a card in a reader is not known here: a person types it.
      pin: pin ?? (found.pin || undefined),
    })) as PaymentAnswer;
    return paymentEnding(await knownToAcquirer(data, answer));
  },
};
