import { fromAscii, fromHex, toHex } from "@tillway/bytes";
import { keyCheckValue } from "../kcv.ts";
import type { KeyBlock, SecurityModule } from "../module/security-module.ts";
import { done, refusedAs, same } from "./check.ts";
import { baseKsn, clearKeys, put } from "./fixtures.ts";

type Create = () => Promise<SecurityModule>;
type Case = { readonly name: string; readonly run: (create: Create) => Promise<void> };

/** Both ends of DUKPT, with the values of ANSI X9.24-1 A.4 and of X9.24-3's supplement. */
export const terminalCases: readonly Case[] = [
  { name: "makes a TDES terminal's published KSNs and PIN blocks", run: tdesTerminal },
  { name: "understands as host what a DUKPT terminal sent, of either kind", run: bothEnds },
  { name: "reads a published AES terminal's PIN block", run: aesHost },
  { name: "carries a terminal's initial key to it and forgets it there", run: carried },
  { name: "refuses DUKPT keys, KSNs and MACs that do not go together", run: misfits },
];

const device = { pan: "4012345678909", pin: "1234" } as const;
const data = fromAscii("4012345678909D987");
const aesBase = "FEDCBA9876543210F1F1F1F1F1F1F1F1";
const aesId = "1234567890123456";

/** Encrypted PIN blocks of the first transactions, and the request MAC of the first. */
const published = ["1B9C1845EB993A7A", "10A01C8D02C69107", "18DC07B94797B466", "0BC79509D5645DF7"];
const requestMac = "9CCC78173FC4FB64";

async function tdesTerminal(create: Create): Promise<void> {
  const module = await create();
  const key = await put(module, "B1");
  let state = done(await module.run({ do: "start-dukpt", key, ksn: baseKsn }), "start").state;
  const states = new Set([state]);
  for (const [at, block] of published.entries()) {
    const next = done(await module.run({ do: "next-dukpt", state }), "next");
    same(next.ksn, `FFFF9876543210E0000${at + 1}`, "KSN");
    const sent = await module.run({
      do: "encrypt-pin",
      key: next.pinKey,
      ...device,
      format: 0,
    });
    same(done(sent, "PIN").block, fromHex(block), "PIN block");
    const mac = { do: "mac", key: next.macKey, algorithm: "x919", data } as const;
    const answer = done(await module.run(mac), "MAC").mac;
    if (at === 0) same(answer, fromHex(requestMac), "request MAC");
    const own = await module.run({ ...mac, key: next.responseKey });
    refusedAs(own, "wrong-mode", "a response made by the terminal");
    ({ state } = next);
    states.add(state);
  }
  same(states.size, published.length + 1, "states that differ");
}

async function bothEnds(create: Create): Promise<void> {
  const [host, terminal] = [await create(), await create()];
  const kinds = [
    { algorithm: "tdes", clear: clearKeys.B0, ksn: baseKsn, mac: "x919", format: 0 },
    { algorithm: "tdes", clear: clearKeys.B0, ksn: baseKsn, mac: "cmac", format: 3 },
    { algorithm: "aes", clear: aesBase, ksn: aesId, mac: "cmac", format: 4 },
    { algorithm: "aes", clear: aesBase + aesBase, ksn: aesId, mac: "cmac", format: 4 },
  ] as const;
  const to = await put(host, "P0");
  const straight = { do: "encrypt-pin", key: to, ...device, format: 0 } as const;
  const expected = done(await host.run(straight), "PIN").block;
  for (const { algorithm, clear, ksn, mac, format } of kinds) {
    const bdk = await put(host, "B0", { algorithm, clear });
    const key = await carry(host, terminal, bdk, ksn);
    let state = done(await terminal.run({ do: "start-dukpt", key, ksn }), "start").state;
    for (let count = 0; count < 3; count += 1) {
      const next = done(await terminal.run({ do: "next-dukpt", state, mac }), "next");
      ({ state } = next);
      const sent = { do: "encrypt-pin", key: next.pinKey, ...device, format } as const;
      const { block } = done(await terminal.run(sent), "PIN");
      const moved = await host.run({
        do: "translate-pin",
        from: bdk,
        to,
        block,
        pan: device.pan,
        fromFormat: format,
        toFormat: 0,
        ksn: next.ksn,
      });
      same(done(moved, "translated").block, expected, "the PIN");
      const request = { do: "mac", key: next.macKey, algorithm: mac, data } as const;
      const made = done(await terminal.run(request), "request MAC").mac;
      const atHost = { key: bdk, algorithm: mac, data, ksn: next.ksn } as const;
      const checked = await host.run({ do: "verify-mac", ...atHost, mac: made });
      same(checked, { ok: true, valid: true }, "request MAC at the host");
      const response = done(await host.run({ do: "mac", ...atHost }), "response MAC").mac;
      same(toHex(response) === toHex(made), false, "one MAC for both directions");
      const check = { do: "verify-mac", key: next.responseKey, algorithm: mac, data } as const;
      const right = await terminal.run({ ...check, mac: response });
      same(right, { ok: true, valid: true }, "response MAC at the terminal");
    }
  }
}

async function aesHost(create: Create): Promise<void> {
  const module = await create();
  const from = await put(module, "B0", { algorithm: "aes", clear: aesBase });
  const to = await put(module, "P0");
  const pan = "4111111111111111";
  const moved = await module.run({
    do: "translate-pin",
    from,
    to,
    block: fromHex("52A00503BD34BA1383F6A7EE9FE2547F"),
    pan,
    fromFormat: 4,
    toFormat: 0,
    ksn: `${aesId}00000002`,
  });
  const straight = await module.run({ do: "encrypt-pin", key: to, pin: "1234", pan, format: 0 });
  same(done(moved, "translated").block, done(straight, "PIN").block, "the PIN");
}

async function carried(create: Create): Promise<void> {
  const [host, terminal] = [await create(), await create()];
  const bdk = await put(host, "B0");
  const derived = done(await host.run({ do: "derive-dukpt-key", bdk, ksn: baseKsn }), "derived");
  const value = toHex(keyCheckValue("tdes", fromHex(clearKeys.B1)));
  same(derived.kcv, value, "check value of the published initial key");
  const under = await put(host, "K1");
  const stays = await host.run({ do: "export-key-block", key: derived.key, under });
  refusedAs(stays, "not-exportable", "an initial key that was not made exportable");
  const key = await carry(host, terminal, bdk, baseKsn);
  const start = await terminal.run({ do: "start-dukpt", key, ksn: baseKsn });
  const { state } = done(start, "start");
  const elsewhere = await host.run({ do: "next-dukpt", state });
  refusedAs(elsewhere, "bad-key-block", "the state of another module");
  const changed = `${state.slice(0, -1)}${state.endsWith("0") ? "1" : "0"}`;
  const broken = await terminal.run({ do: "next-dukpt", state: changed });
  refusedAs(broken, "bad-key-block", "a changed state");
}

/** A terminal's initial key from host to terminal in a key block. */
async function carry(
  host: SecurityModule,
  terminal: SecurityModule,
  bdk: KeyBlock,
  ksn: string,
): Promise<KeyBlock> {
  const derive = { do: "derive-dukpt-key", bdk, ksn, exportable: true } as const;
  const { key } = done(await host.run(derive), "derived");
  const there = await put(host, "K1");
  const { block } = done(
    await host.run({ do: "export-key-block", key, under: there }),
    "initial key exported",
  );
  const under = await put(terminal, "K1");
  const got = done(await terminal.run({ do: "import-key-block", block, under }), "imported");
  same(got.usage, "B1", "usage of the initial key");
  return got.key;
}

async function misfits(create: Create): Promise<void> {
  const module = await create();
  const tdes = await put(module, "B0");
  const aes = await put(module, "B0", { algorithm: "aes", clear: aesBase });
  const tdesKsn = "FFFF9876543210E00001";
  const mac = { do: "mac", data } as const;
  const wrong = [
    { ...mac, key: tdes, algorithm: "x919", ksn: `${aesId}00000001` },
    { ...mac, key: aes, algorithm: "cmac", ksn: tdesKsn },
    { ...mac, key: aes, algorithm: "x919", ksn: `${aesId}00000001` },
    { ...mac, key: tdes, algorithm: "unionpay-ecb", ksn: tdesKsn },
    { ...mac, key: tdes, algorithm: "cbc", ksn: tdesKsn },
  ] as const;
  for (const command of wrong) {
    refusedAs(await module.run(command), "wrong-algorithm", `${command.algorithm} ${command.ksn}`);
  }
  // No counter, too many bits in it, another length, no hex.
  for (const ksn of ["FFFF9876543210E00000", "FFFF9876543210FFFFFF", "FFFF98765432", "zz"]) {
    const command = { ...mac, key: tdes, algorithm: "x919", ksn } as const;
    refusedAs(await module.run(command), "malformed", `KSN ${ksn}`);
  }
  const key = await put(module, "B1", { algorithm: "aes", clear: aesBase });
  const start = await module.run({ do: "start-dukpt", key, ksn: aesId });
  const { state } = done(start, "start");
  const next = await module.run({ do: "next-dukpt", state, mac: "x919" });
  refusedAs(next, "wrong-algorithm", "X9.19 under AES");
}
