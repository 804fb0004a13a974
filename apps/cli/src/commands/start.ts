import { CommandError, say } from "../output.ts";
import { findDevice, type PaymentAnswer } from "../system/payment.ts";
import { parties, type Party } from "../system/modules.ts";
import { configurationOf, startSystem, type Started } from "../system/start.ts";
import type { Command } from "./command.ts";
import { paymentEnding } from "./transaction.ts";

/** Flags of `start` and the variable that each stands for. */
const variables = {
  host: "TILLWAY_HOST",
  "http-port": "TILLWAY_HTTP_PORT",
  "pos-port": "TILLWAY_POS_PORT",
  "pos-tls-port": "TILLWAY_POS_TLS_PORT",
  "network-port": "TILLWAY_NETWORK_PORT",
  "issuer-http-port": "TILLWAY_ISSUER_HTTP_PORT",
  "terminal-port": "TILLWAY_TERMINAL_PORT",
  workers: "TILLWAY_WORKERS",
  module: "TILLWAY_MODULE",
  "database-url": "DATABASE_URL",
  reader: "TILLWAY_READER",
  "reader-name": "TILLWAY_READER_NAME",
} as const;

/** Ends with the sentence to say once the system is to stop: a signal, or a part that was lost. */
function untilStopped(started: Started): Promise<string | undefined> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => resolve(undefined));
    started.lost.then(resolve, () => undefined);
  });
}

function wantedParts(only: readonly string[]): Party[] {
  const names = only.length === 0 ? [...parties] : only.filter((name) => name !== "web");
  const unknown = names.find((name) => !parties.some((one) => one === name));
  if (unknown) {
    throw new CommandError(`--only takes acquirer, issuer, terminal or web, not ${unknown}`);
  }
  // The till is served by the terminal.
  const wanted = only.includes("web") ? [...names, "terminal"] : names;
  return parties.filter((name) => wanted.includes(name));
}

export const start: Command = {
  words: "start [--check] [--only PART]… [--workers N]",
  meaning: "start the system; --check makes one payment and stops",
  flags: {
    check: { meaning: "make one chip payment through every hop, print the receipt, stop" },
    only: {
      takes: "PART",
      meaning: "acquirer, issuer, terminal or web (again for more)",
      many: true,
    },
    ...Object.fromEntries(
      Object.entries(variables).map(([flag, name]) => [
        flag,
        { takes: "VALUE", meaning: `the same as ${name}` },
      ]),
    ),
  },
  run: async (given, { data, environment }) => {
    const own: Record<string, string | undefined> = { ...environment, TILLWAY_DATA: data };
    for (const [flag, name] of Object.entries(variables)) {
      const value = given.value(flag);
      if (value !== undefined) own[name] = value;
    }
    const wanted = wantedParts(given.values("only"));
    const folder = configurationOf(own).TILLWAY_DATA;
    say("tillway: starting (the first start makes keys, cards and the database)");
    const started = await startSystem(own, wanted);
    if (given.has("check")) {
      try {
        const device = await findDevice(folder, undefined);
        const cards = (await device.get("cards")) as readonly { name: string; pin: string }[];
        const answer = await device.post("transactions", {
          type: "sale",
          amount: "2580",
          currency: "CNY",
          entry: "chip",
          card: "unionpay-debit",
          pin: cards.find((one) => one.name === "unionpay-debit")?.pin,
        });
        return paymentEnding(answer as PaymentAnswer);
      } finally {
        await started.stop();
      }
    }
    const stopped = untilStopped(started);
    for (const line of started.lines) process.stdout.write(`${line}\n`);
    process.stdout.write("ready: open the till above; Ctrl-C stops everything\n");
    const sentence = await stopped;
    say("tillway: stopping");
    await started.stop();
    if (sentence) throw new CommandError(sentence);
    return { exit: 0, text: "", json: { stopped: true } };
  },
};
