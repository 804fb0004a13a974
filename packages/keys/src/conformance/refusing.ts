import { concat, fromHex } from "@tillway/bytes";
import {
  type Answer,
  type Command,
  commandForms,
  type KeyBlock,
  type Refusal,
  type SecurityModule,
} from "../module/security-module.ts";
import { type KeyUsage, keyUsages } from "../module/usage.ts";
import { done, refusedAs, same } from "./check.ts";
import {
  baseKsn,
  clearKeys,
  flipped,
  pan,
  pin,
  put,
  putAll,
  sealingKey,
  track,
} from "./fixtures.ts";
import type { CommandUse, Made } from "./use.ts";
import { commandUses, keyless } from "./uses.ts";

type Create = () => Promise<SecurityModule>;
type Case = { readonly name: string; readonly run: (create: Create) => Promise<void> };

/** What a module must not do, and what its refusals must not say. */
export const refusalCases: readonly Case[] = [
  { name: "does each command with the right keys", run: rightKeys },
  { name: "refuses each command every key of another usage", run: wrongUsage },
  { name: "refuses each command a key whose mode does not allow it", run: wrongMode },
  { name: "refuses a key block with any character changed", run: changedBlock },
  { name: "refuses a key block of another module", run: foreignBlock },
  { name: "answers the first refusal that applies", run: precedence },
  { name: "names no key, PIN or card data in a refusal", run: silence },
];

type Bench = {
  readonly module: SecurityModule;
  readonly keys: Record<KeyUsage, KeyBlock>;
  readonly sealing: KeyBlock;
  readonly uses: readonly CommandUse[];
};

async function bench(create: Create): Promise<Bench> {
  const module = await create();
  const keys = await putAll(module);
  const sealing = await put(module, "D0", sealingKey);
  return {
    module,
    keys,
    sealing,
    uses: commandUses(keys, sealing, await make(module, keys, sealing)),
  };
}

async function make(
  module: SecurityModule,
  keys: Record<KeyUsage, KeyBlock>,
  sealing: KeyBlock,
): Promise<Made> {
  const [block, ecb, pinned, tracked, sealed, sealedData] = await module.runAll([
    { do: "export-key-block", key: keys.P0, under: keys.K1 },
    { do: "export-ecb", key: keys.P0, under: keys.K0 },
    { do: "encrypt-pin", key: keys.P0, pin, pan, format: 0 },
    { do: "encrypt-track", key: keys.D0, track },
    { do: "seal-pan", key: sealing, tokenKey: keys.M7, pan },
    { do: "seal-data", key: sealing, context: "a test", data: new Uint8Array(3) },
  ]);
  const { cipher, kcv } = done(ecb, "export-ecb");
  const start = await module.run({ do: "start-dukpt", key: keys.B1, ksn: baseKsn });
  const { state } = done(start, "start-dukpt");
  const next = done(await module.run({ do: "next-dukpt", state }), "next-dukpt");
  const dukpt = await module.run({ do: "encrypt-pin", key: next.pinKey, pin, pan, format: 0 });
  return {
    block: done(block, "export-key-block").block,
    cipher,
    kcv,
    pinBlock: done(pinned, "encrypt-pin").block,
    track: done(tracked, "encrypt-track").track,
    sealed: done(sealed, "seal-pan").cipher,
    sealedData: done(sealedData, "seal-data").sealed,
    dukptBlock: done(dukpt, "encrypt-pin").block,
    ksn: next.ksn,
  };
}

/** The same command with another key in one place. */
function withKey(command: Command, place: string, key: KeyBlock): Command {
  return { ...command, [place]: key };
}

async function rightKeys(create: Create): Promise<void> {
  const { module, uses } = await bench(create);
  const covered = new Set([...keyless, ...uses.map(({ command }) => command.do)]);
  same([...covered].sort(), Object.keys(commandForms).sort(), "commands tried");
  for (const { command } of uses) done(await module.run(command), command.do);
}

async function wrongUsage(create: Create): Promise<void> {
  const { module, keys, uses } = await bench(create);
  let tried = 0;
  for (const { command, uses: places } of uses) {
    for (const { place, usage } of places) {
      for (const other of keyUsages.filter((name) => !usage.includes(name))) {
        const answer = await module.run(withKey(command, place, keys[other]));
        refusedAs(answer, "wrong-usage", `${command.do} with ${other} as ${place}`);
        tried += 1;
      }
    }
  }
  // A table that lost its rows would prove nothing.
  same(tried > 600, true, "combinations tried");
}

async function wrongMode(create: Create): Promise<void> {
  const { module, uses } = await bench(create);
  for (const { command, uses: places } of uses) {
    for (const { place, usage, wrongMode: mode } of places) {
      const [only] = usage;
      if (mode === undefined || only === undefined) continue;
      const sealing = command.do === "seal-pan" || command.do === "open-pan";
      const choice = sealing && only === "D0" ? sealingKey : {};
      const key = await put(module, only, { ...choice, mode });
      const answer = await module.run(withKey(command, place, key));
      refusedAs(answer, "wrong-mode", `${command.do} with mode ${mode} as ${place}`);
    }
  }
}

async function changedBlock(create: Create): Promise<void> {
  const module = await create();
  const key = await put(module, "M3");
  const data = new Uint8Array(8);
  const command = { do: "mac", algorithm: "x919", data } as const;
  done(await module.run({ ...command, key }), "unchanged");
  const variants = Array.from(key, (_, at) => flipped(key, at));
  const cased = Array.from(
    key,
    (now, at) => key.slice(0, at) + now.toLowerCase() + key.slice(at + 1),
  );
  const cut = [key.slice(0, -1), `${key}0`, key.slice(1), ""];
  for (const changed of [...variants, ...cased.filter((text) => text !== key), ...cut]) {
    const answer = await module.run({ ...command, key: changed });
    refusedAs(answer, "bad-key-block", "a changed key block");
  }
}

async function foreignBlock(create: Create): Promise<void> {
  const [one, other] = [await create(), await create()];
  const key = await put(one, "M3");
  const answer = await other.run({ do: "mac", key, algorithm: "x919", data: new Uint8Array(8) });
  refusedAs(answer, "bad-key-block", "a key of another module");
}

async function precedence(create: Create): Promise<void> {
  const { module, keys } = await bench(create);
  const receive = await put(module, "P0", { mode: "D" });
  const command = {
    do: "translate-pin",
    from: keys.P0,
    to: keys.P0,
    block: new Uint8Array(8),
    pan,
    fromFormat: 0,
    toFormat: 0,
  } as const;
  // Each has the fault of its own reason and of all below it.
  const walk: readonly (readonly [Refusal, Command])[] = [
    ["malformed", { ...command, pan: "x", from: "", to: keys.M3, toFormat: 1 }],
    ["bad-key-block", { ...command, from: keys.M3, to: "", toFormat: 1 }],
    ["wrong-usage", { ...command, from: keys.M3, to: receive, toFormat: 1 }],
    ["wrong-mode", { ...command, to: receive, toFormat: 1 }],
    ["format-not-allowed", { ...command, toFormat: 1 }],
    ["bad-pin-block", command],
  ];
  for (const [reason, faulty] of walk) refusedAs(await module.run(faulty), reason, reason);
}

async function silence(create: Create): Promise<void> {
  const { module, keys, uses } = await bench(create);
  const answers: Answer<Command>[] = [];
  for (const { command, uses: places } of uses) {
    for (const { place } of places) {
      answers.push(await module.run(withKey(command, place, keys.C0)));
      answers.push(await module.run(withKey(command, place, clearKeys.P0)));
    }
    answers.push(
      await module.run({ ...command, pan: `${pan}x`, pin: `${pin}x`, track: `${track}x` }),
    );
  }
  const components = [clearKeys.P0, clearKeys.P0];
  answers.push(
    await module.run({ do: "import-components", usage: "P0", algorithm: "tdes", components }),
  );
  const secrets = [pan, pin, track, pan.slice(3), ...Object.values(clearKeys)];
  for (const answer of answers.filter((one) => !one.ok)) {
    const text = JSON.stringify(answer);
    const told = secrets.some((secret) => text.includes(secret));
    same(told, false, "card data, PIN or key in a refusal");
  }
  same(answers.filter((one) => !one.ok).length > 50, true, "refusals seen");
}

/** What a translated PIN may be seen as: never itself. */
export async function translationHidesPin(create: Create): Promise<void> {
  const module = await create();
  const from = await put(module, "P0");
  const to = await put(module, "P0", { clear: "F039121BEC83D26B169BDCD5B22AAF8F" });
  const clearBlock = fromHex("06123457DCBA9876");
  const sent = done(await module.run({ do: "encrypt-pin", key: from, pin, pan, format: 0 }), "pin");
  for (const toFormat of [0, 3] as const) {
    const answer = await module.run({
      do: "translate-pin",
      from,
      to,
      block: sent.block,
      pan,
      fromFormat: 0,
      toFormat,
    });
    const { block, ...rest } = done(answer, "translate-pin");
    same(rest, { ok: true }, "nothing beside the block");
    const bytes = concat(block, sent.block);
    same(contains(bytes, clearBlock), false, "the clear block");
    same(contains(bytes, fromHex(pin)), false, "the PIN in digits");
  }
}

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= bytes.length; at += 1) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return true;
  }
  return false;
}
