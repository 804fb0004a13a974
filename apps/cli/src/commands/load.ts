import { readConfiguration, sharedSettings } from "@tillway/configuration";
import { percentile } from "../load/latencies.ts";
import { openLoad } from "../load/load.ts";
import { isMix } from "../load/mix.ts";
import { ensureSet } from "../load/set.ts";
import { CommandError, say, table } from "../output.ts";
import { runOnce } from "../system/process.ts";
import { findSystem } from "../system/running.ts";
import type { Command, Surroundings } from "./command.ts";

const MOST_TERMINALS = 20_000;
const MOST_SECONDS = 86_400;

function whole(text: string | undefined, flag: string, byDefault: number, most: number): number {
  const value = text === undefined ? byDefault : Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new CommandError(`--${flag} takes a whole number from 1 to ${most}`);
}

/** Where terminals and the database of the running system are. */
function placesOf({ data, environment }: Surroundings) {
  const system = findSystem(data);
  const url = environment.DATABASE_URL ?? system.database;
  if (!system.pos || !url) {
    throw new CommandError(
      "the acquirer does not run with this data folder: start the whole system",
    );
  }
  const { hostname, port } = new URL(`tcp://${system.pos}`);
  return { address: { host: hostname, port: Number(port) }, url };
}

export const load: Command = {
  words: "load [--terminals N] [--seconds S] [--mix sale|mixed]",
  meaning: "drive the running system with many terminals at once and say how fast it was",
  flags: {
    terminals: { takes: "N", meaning: "terminals that pay at the same time (default 64)" },
    seconds: { takes: "S", meaning: "how long (default 10)" },
    mix: {
      takes: "MIX",
      meaning: "sale (default) or mixed: voids, refunds, pre-authorisations, inquiries too",
    },
    rate: { takes: "R", meaning: "begin R payments a second instead of one after the other" },
  },
  run: async (given, around) => {
    const { data, environment } = around;
    const terminals = whole(given.value("terminals"), "terminals", 64, MOST_TERMINALS);
    const seconds = whole(given.value("seconds"), "seconds", 10, MOST_SECONDS);
    const rateText = given.value("rate");
    const rate = rateText === undefined ? undefined : whole(rateText, "rate", 1, 1_000_000);
    const mix = given.value("mix") ?? "sale";
    if (!isMix(mix)) throw new CommandError(`--mix takes sale or mixed, not ${mix}`);
    const { address, url } = placesOf(around);
    const part = {
      environment: { TILLWAY_DATA: data, DATABASE_URL: url },
      logs: `${data}/logs`,
      onRestart: () => undefined,
      onLost: () => undefined,
    };
    const provisioning = (name: "acquirer" | "issuer", input: unknown) =>
      runOnce({ ...part, name }, "provision.ts", input);
    await ensureSet(data, { terminals, cards: terminals }, provisioning, say);
    const { TILLWAY_ZONE: zone } = readConfiguration(
      { TILLWAY_ZONE: sharedSettings.TILLWAY_ZONE },
      environment,
    );
    const open = await openLoad({ data, address, terminals, zone });
    say(`${terminals} terminals are signed in and pay for ${seconds} s`);
    const ran = await open.run({ seconds, rate, mix }).finally(open.close);
    const ms = (share: number): number => Math.round(percentile(ran.latencies, share) * 100) / 100;
    const { approved, declined, errors } = ran;
    const ratePerSecond = Math.round((approved / ran.seconds) * 10) / 10;
    const latencyMs = { p50: ms(0.5), p95: ms(0.95), p99: ms(0.99), max: ms(1) };
    const rows = Object.entries({ approved, declined, errors, "approved a second": ratePerSecond });
    const lines = [
      ...rows,
      ...Object.entries(latencyMs).map(([name, value]) => [`${name} ms`, value]),
    ];
    return {
      exit: errors > 0 || approved === 0 ? 2 : 0,
      text: table(lines.map((line) => line.map(String))),
      json: { seconds, terminals, approved, declined, errors, ratePerSecond, latencyMs },
    };
  },
};
