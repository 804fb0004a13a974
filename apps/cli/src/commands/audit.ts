import { CommandError } from "../output.ts";
import { allDevices } from "../system/payment.ts";
import { call, findSystem, secret } from "../system/running.ts";
import { agreement, type Check, type Entry } from "./agreement.ts";
import type { Command } from "./command.ts";

type Books = { readonly checks: readonly Check[]; readonly transactions: readonly Entry[] };

async function books(url: string, token: string): Promise<Books> {
  const { status, body } = await call(url, { token });
  if (status !== 200) throw new CommandError(`${url} answered ${status}: the books cannot be read`);
  return body as Books;
}

export const audit: Command = {
  words: "audit",
  meaning: "prove the books: ledgers balanced, terminal = acquirer = issuer",
  flags: {},
  run: async (_given, { data }) => {
    const system = findSystem(data);
    const acquirer = await books(`${system.http}/api/v1/audit`, secret(data, "api-key"));
    const issuer = await books(
      `${system.issuer}/admin/audit`,
      secret(data, "issuer", "admin-token"),
    );
    const terminal: Entry[] = [];
    const devices = await allDevices(data);
    for (const device of devices) {
      terminal.push(...((await device.get("transactions")) as readonly Entry[]));
    }
    const named = (party: string, checks: readonly Check[]): Check[] =>
      checks.map((check) => ({ ...check, name: `${party}: ${check.name}` }));
    const checks = [
      ...named("acquirer", acquirer.checks),
      ...named("issuer", issuer.checks),
      ...agreement({
        devices: devices.map(({ tid }) => tid),
        terminal,
        acquirer: acquirer.transactions,
        issuer: issuer.transactions,
      }),
    ];
    const ok = checks.every((check) => check.ok);
    const lines = checks.map(
      ({ ok: good, name, checked, why }) =>
        `${good ? "ok    " : "BROKEN"} ${name} (${checked})${why ? `: ${why}` : ""}`,
    );
    return { exit: ok ? 0 : 2, text: lines.join("\n"), json: { ok, checks } };
  },
};
