import { fromHex, toHex } from "@tillway/bytes";
import { oddParity, tdesDecrypt } from "../cipher.ts";
import { keyCheckValue } from "../kcv.ts";
import { type KeyBlockHeader, wrapKey } from "../key-block.ts";
import type { Refusal, SecurityModule } from "../module/security-module.ts";
import { done, refusedAs, same } from "./check.ts";
import { clearKeys, flipped, put } from "./fixtures.ts";
import { keyUsages } from "../module/usage.ts";

type Create = () => Promise<SecurityModule>;
type Case = { readonly name: string; readonly run: (create: Create) => Promise<void> };

/** How keys come in, go out and come in elsewhere. */
export const keyExchange: readonly Case[] = [
  { name: "carries every usage from module to module in a key block", run: blocks },
  { name: "gives a copy the other end's mode, and no wider one", run: modes },
  { name: "refuses a carried key block with any character changed", run: changedBlocks },
  { name: "refuses carried keys that fit no command", run: strangeBlocks },
  { name: "carries working keys without a key block", run: workingKeys },
  { name: "keeps keys that are not exportable", run: notExportable },
  { name: "lets no key protect a stronger one", run: weakerKey },
  { name: "refuses components, lengths and usages that do not go together", run: badImports },
  { name: "takes components from one custodian after the other", run: dualControl },
  { name: "makes different keys of odd parity with their check values", run: generated },
  { name: "answers many commands in their order", run: manyCommands },
];

async function blocks(create: Create): Promise<void> {
  const [here, there] = [await create(), await create()];
  const transports = [
    { algorithm: "aes", clear: clearKeys.K1, version: "D" },
    { algorithm: "tdes", clear: "89E88CF7931444F334BD7547FC3F380C1D22BF32387C600A", version: "B" },
  ] as const;
  for (const { algorithm, clear, version } of transports) {
    const sending = await put(here, "K1", { algorithm, clear, mode: "E" });
    const receiving = await put(there, "K1", { algorithm, clear, mode: "D" });
    for (const usage of keyUsages) {
      // What is stronger than TDES cannot go under it.
      if (version === "B" && ["K1", "M6", "M7"].includes(usage)) continue;
      const key = await put(here, usage);
      const sent = done(await here.run({ do: "export-key-block", key, under: sending }), usage);
      same(sent.block.charAt(0), version, "version");
      const got = await there.run({ do: "import-key-block", block: sent.block, under: receiving });
      const { usage: named, kcv, key: copy } = done(got, `${usage} imported`);
      same([named, kcv], [usage, sent.kcv], "usage and check value");
      const onward = await there.run({ do: "export-key-block", key: copy, under: receiving });
      same(onward.ok, false, "the copy exported again");
    }
  }
}

async function modes(create: Create): Promise<void> {
  const module = await create();
  const under = await put(module, "K1");
  const key = await put(module, "K0", { mode: "E" });
  const sent = await module.run({ do: "export-key-block", key, under, mode: "D" });
  const { block } = done(sent, "the other end's mode");
  const copy = done(await module.run({ do: "import-key-block", block, under }), "imported").key;
  const worker = await put(module, "P0");
  const out = await module.run({ do: "export-ecb", key: worker, under: copy });
  refusedAs(out, "wrong-mode", "export under the receiving end's key");
  const wider = await module.run({ do: "export-key-block", key, under, mode: "B" });
  refusedAs(wider, "unsupported-key", "a wider mode");
}

async function changedBlocks(create: Create): Promise<void> {
  const module = await create();
  const under = await put(module, "K1");
  const key = await put(module, "P0");
  const sent = done(await module.run({ do: "export-key-block", key, under }), "exported");
  for (let at = 0; at < sent.block.length; at += 1) {
    const block = flipped(sent.block, at);
    const answer = await module.run({ do: "import-key-block", block, under });
    refusedAs(answer, "bad-cipher", `character ${at} changed`);
  }
}

function zeros(length: number): Uint8Array {
  return new Uint8Array(length);
}

/** Blocks that are whole, but of a key that no command here would use rightly. */
async function strangeBlocks(create: Create): Promise<void> {
  const module = await create();
  const under = await put(module, "K1");
  const header = {
    version: "D",
    usage: "P0",
    algorithm: "T",
    mode: "B",
    keyVersion: "00",
    exportability: "N",
    optional: "",
  } as const;
  const wrap = (change: Partial<KeyBlockHeader>, length: number): string => {
    const key = Uint8Array.from({ length }, (_, at) => at * 7 + 1);
    return wrapKey(fromHex(clearKeys.K1), { ...header, ...change }, key, zeros);
  };
  done(await module.run({ do: "import-key-block", block: wrap({}, 16), under }), "a PIN key");
  const weak = "89E88CF7931444F334BD7547FC3F380C";
  const tdes = await put(module, "K1", { algorithm: "tdes", clear: weak });
  for (const version of ["A", "C"] as const) {
    const key = fromHex(clearKeys.P0);
    const old = wrapKey(fromHex(weak), { ...header, version }, key, zeros);
    const answer = await module.run({ do: "import-key-block", block: old, under: tdes });
    refusedAs(answer, "bad-cipher", `a block of version ${version}`);
  }
  const strange = {
    "an AES key for PVVs": wrap({ usage: "V2", mode: "C", algorithm: "A" }, 16),
    "a single-length PIN key": wrap({ algorithm: "D" }, 8),
    "a PIN key that makes MACs": wrap({ mode: "C" }, 16),
    "a TDES key of another length": wrap({}, 17),
    "a usage that is not known": wrap({ usage: "B0" }, 16),
    "an algorithm that is not known": wrap({ algorithm: "R" }, 16),
  };
  for (const [about, block] of Object.entries(strange)) {
    refusedAs(await module.run({ do: "import-key-block", block, under }), "bad-cipher", about);
  }
}

async function workingKeys(create: Create): Promise<void> {
  const [host, device] = [await create(), await create()];
  const sending = await put(host, "K0", { mode: "E" });
  const receiving = await put(device, "K0", { mode: "D" });
  const made = await host.run({
    do: "generate-key",
    usage: "M3",
    algorithm: "tdes",
    bytes: 8,
    exportable: true,
  });
  const { key, kcv } = done(made, "a MAC key of 8 bytes");
  const sent = done(await host.run({ do: "export-ecb", key, under: sending }), "exported");
  same([sent.cipher.length, sent.kcv, kcv.length], [16, kcv, 8], "cipher and check value");
  const command = { do: "import-ecb", usage: "M3", algorithm: "tdes", under: receiving } as const;
  const got = await device.run({ ...command, cipher: sent.cipher, kcv: kcv.slice(0, 6) });
  const copy = done(got, "imported with a check value of 3 bytes");
  const data = new Uint8Array(20);
  const message = { do: "mac", algorithm: "unionpay-ecb", data } as const;
  same(
    await device.run({ ...message, key: copy.key }),
    await host.run({ ...message, key }),
    "the same MAC at both ends",
  );
  const wrong = flipped(kcv, 2);
  const refused = await device.run({ ...command, cipher: sent.cipher, kcv: wrong });
  refusedAs(refused, "wrong-kcv", "another check value");
  const issuer = { ...command, usage: "V2", cipher: clearKeys.V2, kcv: "000000" } as const;
  refusedAs(await device.run(issuer), "unsupported-key", "an issuer key without a key block");
}

async function notExportable(create: Create): Promise<void> {
  const module = await create();
  const key = await put(module, "P0", { exportable: false });
  const inBlock = await module.run({
    do: "export-key-block",
    key,
    under: await put(module, "K1"),
  });
  refusedAs(inBlock, "not-exportable", "in a key block");
  const bare = await module.run({ do: "export-ecb", key, under: await put(module, "K0") });
  refusedAs(bare, "not-exportable", "without a key block");
}

async function weakerKey(create: Create): Promise<void> {
  const module = await create();
  const long = "89E88CF7931444F334BD7547FC3F380C1D22BF32387C600A";
  const key = await put(module, "P0", { clear: long });
  const under = await put(module, "K1", { algorithm: "tdes", clear: clearKeys.P0 });
  refusedAs(await module.run({ do: "export-key-block", key, under }), "weaker-key", "key block");
  const master = await put(module, "K0");
  refusedAs(await module.run({ do: "export-ecb", key, under: master }), "weaker-key", "no block");
}

async function badImports(create: Create): Promise<void> {
  const module = await create();
  const one = clearKeys.P0;
  const base = { do: "import-components", usage: "P0", algorithm: "tdes" } as const;
  const cases: readonly (readonly [Refusal, readonly string[]])[] = [
    ["malformed", [one]],
    ["malformed", [one, one.slice(2)]],
    ["malformed", [one, `${one.slice(2)}zz`]],
    ["malformed", []],
    ["unsupported-key", ["0123456789ABCDEF", "FEDCBA9876543211"]],
    ["weak-key", [one, one]],
    ["weak-key", [one, one, clearKeys.K0]],
    ["weak-key", [one, "00".repeat(16)].map((part) => part.slice(0, 16).repeat(2))],
  ];
  for (const [reason, components] of cases) {
    refusedAs(await module.run({ ...base, components }), reason, reason);
  }
  for (const [usage, algorithm, bytes] of [
    ["M3", "aes", 16],
    ["B0", "tdes", 24],
    ["M7", "aes", 32],
    ["P0", "tdes", 8],
    ["E0", "tdes", 24],
  ] as const) {
    const answer = await module.run({ do: "generate-key", usage, algorithm, bytes });
    refusedAs(answer, "unsupported-key", `${usage} ${algorithm} ${bytes}`);
  }
  const mode = await module.run({
    do: "generate-key",
    usage: "P0",
    algorithm: "tdes",
    bytes: 16,
    mode: "C",
  });
  refusedAs(mode, "unsupported-key", "a PIN key that makes MACs");
}

async function dualControl(create: Create): Promise<void> {
  const [module, other] = [await create(), await create()];
  const parts = [clearKeys.P0, clearKeys.K0, clearKeys.V1];
  const enter = async (at: SecurityModule, component: string): Promise<string> => {
    const answer = done(
      await at.run({ do: "enter-component", algorithm: "tdes", component }),
      "entered",
    );
    same(answer.kcv, toHex(keyCheckValue("tdes", fromHex(component))), "the component's own");
    same(answer.entered.includes(component), false, "the component in what is kept");
    return answer.entered;
  };
  const sealed: string[] = [];
  for (const part of parts) sealed.push(await enter(module, part));
  const base = { do: "combine-components", usage: "P0", algorithm: "tdes" } as const;
  const whole = done(await module.run({ ...base, entered: sealed }), "combined");
  const command = { do: "import-components", usage: "P0", algorithm: "tdes" } as const;
  const same3 = done(await module.run({ ...command, components: parts }), "imported");
  same(whole.kcv, same3.kcv, "the key of the same components");
  const [one = "", two = ""] = sealed;
  const foreign = await enter(other, clearKeys.K0);
  const again = await enter(module, clearKeys.P0);
  const aes = done(
    await module.run({ do: "enter-component", algorithm: "aes", component: clearKeys.M6 }),
    "entered",
  ).entered;
  for (const [reason, entered] of [
    ["malformed", [one]],
    ["bad-key-block", [one, foreign]],
    ["bad-key-block", [one, flipped(two, 40)]],
    ["bad-key-block", [one, clearKeys.K0]],
    ["wrong-algorithm", [one, aes]],
    ["weak-key", [one, one, two]],
    ["weak-key", [one, again, two]],
  ] as const) {
    refusedAs(await module.run({ ...base, entered }), reason, reason);
  }
  const kept = await module.run({ do: "next-dukpt", state: one });
  refusedAs(kept, "bad-key-block", "a component as a terminal's state");
  const short = await module.run({ do: "enter-component", algorithm: "tdes", component: "0123" });
  refusedAs(short, "malformed", "no key has this length");
}

async function generated(create: Create): Promise<void> {
  const module = await create();
  const command = {
    do: "generate-key",
    usage: "P0",
    algorithm: "tdes",
    bytes: 16,
    exportable: true,
  } as const;
  const one = done(await module.run(command), "generated");
  const other = done(await module.run(command), "generated");
  same(one.key === other.key || one.kcv === other.kcv, false, "the same key twice");
  const under = await put(module, "K0");
  const sent = done(await module.run({ do: "export-ecb", key: one.key, under }), "exported");
  const clear = tdesDecrypt(fromHex(clearKeys.K0), fromHex(sent.cipher));
  same(clear, oddParity(clear), "odd parity");
  same(fromHex(one.kcv), keyCheckValue("tdes", clear), "check value");
}

async function manyCommands(create: Create): Promise<void> {
  const module = await create();
  const key = await put(module, "M6");
  const data = new Uint8Array(16);
  const [first, refused, third] = await module.runAll([
    { do: "mac", key, algorithm: "cmac", data },
    { do: "mac", key: "", algorithm: "cmac", data },
    { do: "generate-key", usage: "M7", algorithm: "hmac", bytes: 32 },
  ]);
  const { mac } = done(first, "first");
  same(mac.length, 8, "first");
  refusedAs(refused, "bad-key-block", "second");
  same(done(third, "third").kcv, "", "an HMAC key has no check value");
}
