import { demonstrationProfiles } from "@tillway/emv";
import { maskPan } from "@tillway/money";
import { CommandError, table } from "../output.ts";
import { allDevices } from "../system/payment.ts";
import { call, findSystem, secret } from "../system/running.ts";
import type { Command } from "./command.ts";

/** The demonstration cards as they may be shown; their PINs are part of the demonstration. */
function listed() {
  return demonstrationProfiles().map(({ name, scheme, label, purpose, pan, pin }) => ({
    name,
    scheme,
    pan: maskPan(pan),
    pin,
    label,
    purpose,
  }));
}

async function reset(data: string): Promise<void> {
  const { issuer } = findSystem(data);
  const token = secret(data, "issuer", "admin-token");
  const { status } = await call(`${issuer}/admin/cards/reset`, { token, method: "POST", body: {} });
  if (status >= 400)
    throw new CommandError(`the issuer could not reset the cards: it answered ${status}`);
  for (const device of await allDevices(data)) await device.post("cards/reload");
}

export const cards: Command = {
  words: "cards [--reset]",
  meaning: "the demonstration cards: name, scheme, number, PIN, what each is for",
  flags: { reset: { meaning: "make them as new: PIN tries, counters, balances" } },
  run: async (given, { data }) => {
    if (given.has("reset")) await reset(data);
    const all = listed();
    const rows = all.map((card) => [card.name, card.scheme, card.pan, card.pin, card.purpose.en]);
    const text = table([["NAME", "SCHEME", "NUMBER", "PIN", "FOR"], ...rows]);
    return { exit: 0, text, json: all };
  },
};
