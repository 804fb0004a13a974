import { concat, fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { sm4Encrypt } from "../cipher.ts";
import { applicationCryptogram, arpc1, deriveIccKey, pbocSessionKey } from "../cryptogram.ts";
import { keyCheckValue } from "../kcv.ts";
import type { SecurityModule } from "../module/security-module.ts";
import { done, refusedAs, same } from "./check.ts";
import { clearKeys, pan, pin, put, sealingKey, track } from "./fixtures.ts";

type Case = { readonly name: string; readonly run: (module: SecurityModule) => Promise<void> };

const visaData = "0000000040000000000000000124800004800001241911050152BF45851800001C03A06010";
const visa18Data =
  "0000000040000000000000000124800004800001241911050152BF45851800001C06011203A0B800";
const mchipData = "00000000999900000000000001248000000000012420990600ABCDEF121800001CA00003220000";
const pbocData = "0000000012340000000000340156D86004A800015612051601010101017C00000E03A4B904";
const schemePan = "1234567890123456";

/** Commands whose answers are published, or computed from published values. */
export const knownAnswers: readonly Case[] = [
  { name: "makes and verifies MACs of every algorithm", run: macs },
  { name: "keeps a single-length key to UnionPay's own MAC", run: singleLengthMac },
  { name: "encrypts, translates and verifies a PIN", run: pins },
  { name: "carries a PIN under SM4 in 16 bytes", run: sm4Pin },
  { name: "encrypts a track as UnionPay does and brings it back", run: tracks },
  { name: "verifies Visa cryptograms and answers with the ARPC", run: visaCryptograms },
  { name: "verifies an M/Chip cryptogram and answers with the ARPC", run: mchipCryptogram },
  { name: "verifies UnionPay cryptograms under either session key", run: unionpayCryptograms },
  { name: "derives a card's keys under a transport key", run: cardKeys },
  { name: "seals a PAN so that only its token repeats", run: pans },
];

async function macs(module: SecurityModule): Promise<void> {
  const hello = fromAscii("hello world");
  const cases = [
    ["x919", "M3", hello, "3DDE5C5511661CBF"],
    ["cbc", "M1", hello, "68D9038F23360DF3"],
    ["cmac", "M6", fromHex("6BC1BEE22E409F96E93D7E117393172A"), "070A16B46B4D4144"],
  ] as const;
  for (const [algorithm, usage, data, expected] of cases) {
    const key = await put(module, usage);
    const { mac } = done(await module.run({ do: "mac", key, algorithm, data }), algorithm);
    same(mac, fromHex(expected), algorithm);
    const right = await module.run({ do: "verify-mac", key, algorithm, data, mac });
    same(right, { ok: true, valid: true }, `${algorithm} verified`);
    const changed = mac.map((byte, at) => (at === 7 ? byte ^ 1 : byte));
    const wrong = await module.run({ do: "verify-mac", key, algorithm, data, mac: changed });
    same(wrong, { ok: true, valid: false }, `${algorithm} changed`);
  }
}

async function singleLengthMac(module: SecurityModule): Promise<void> {
  const key = await put(module, "M3", { clear: "C24A8FB57AA20123" });
  const data = fromHex(
    "0200302004C020C0981100000000000000005100183402100006326200001234567892D3012201000001" +
      "233130303030303031383938303030303030303030303031313536ACF46E73838A82F926000000000000" +
      "00000822000001",
  );
  const answer = await module.run({ do: "mac", key, algorithm: "unionpay-ecb", data });
  same(toAscii(done(answer, "unionpay-ecb").mac), "F32199C4", "unionpay-ecb");
  const refused = await module.run({ do: "mac", key, algorithm: "x919", data });
  refusedAs(refused, "wrong-algorithm", "x919 with 8 bytes");
}

async function pins(module: SecurityModule): Promise<void> {
  const from = await put(module, "P0");
  const to = await put(module, "P0", { clear: "F039121BEC83D26B169BDCD5B22AAF8F" });
  const pvk = await put(module, "V2");
  const made = await module.run({ do: "encrypt-pin", key: from, pin, pan, format: 0 });
  const { block } = done(made, "encrypt-pin");
  same(block, fromHex("7611F9FA7025EBA3"), "encrypt-pin");
  const { pvv } = done(
    await module.run({ do: "make-pvv", pvk, pvki: "1", pin: "4524", pan: "1122334455667788" }),
    "make-pvv",
  );
  same(pvv, "8523", "make-pvv");
  const own = done(await module.run({ do: "make-pvv", pvk, pvki: "1", pin, pan }), "make-pvv").pvv;
  for (const toFormat of [0, 3] as const) {
    const moved = await module.run({
      do: "translate-pin",
      from,
      to,
      block,
      pan,
      fromFormat: 0,
      toFormat,
    });
    const there = done(moved, "translate-pin").block;
    const verify = { do: "verify-pin", key: to, pvk, pvki: "1", block: there, pan } as const;
    const right = await module.run({ ...verify, format: toFormat, pvv: own });
    same(right, { ok: true, valid: true }, `verify-pin in format ${toFormat}`);
    const other = own === "0000" ? "0001" : "0000";
    const wrong = await module.run({ ...verify, format: toFormat, pvv: other });
    same(wrong, { ok: true, valid: false }, `verify-pin against another value`);
    refusedAs(
      await module.run({ ...verify, key: from, format: toFormat, pvv: own }),
      "bad-pin-block",
      "verify-pin under another key",
    );
  }
}

async function sm4Pin(module: SecurityModule): Promise<void> {
  const tmk = await put(module, "K0", {
    algorithm: "sm4",
    clear: "1234567890ABCDEFABCDEF0987654321",
  });
  const cipher = "3D66234C49E4296FF9C78D8BACBD6A76";
  const kcv = "861E83E31FAEBF10";
  const command = { do: "import-ecb", usage: "P0", algorithm: "sm4", cipher, under: tmk } as const;
  const imported = done(await module.run({ ...command, kcv }), "import-ecb");
  same(imported.kcv, kcv, "check value");
  const sent = { do: "encrypt-pin", key: imported.key, pin, pan, format: 0 } as const;
  const { block } = done(await module.run(sent), "encrypt-pin");
  same(block.length, 16, "length of the block");
  const to = await put(module, "P0");
  const move = {
    do: "translate-pin",
    from: imported.key,
    to,
    pan,
    fromFormat: 0,
    toFormat: 0,
  } as const;
  const moved = await module.run({ ...move, block });
  same(done(moved, "translate-pin").block, fromHex("7611F9FA7025EBA3"), "translated to TDES");
  const tail = concat(fromHex("06123457DCBA9876"), fromHex("0000000000000001"));
  const key = fromHex("F351D490994603795C6EBEE8FAEBB481");
  const odd = await module.run({ ...move, block: sm4Encrypt(key, tail) });
  refusedAs(odd, "bad-pin-block", "more than a PIN block");
}

async function tracks(module: SecurityModule): Promise<void> {
  const key = await put(module, "D0");
  const hidden = done(await module.run({ do: "encrypt-track", key, track }), "encrypt-track");
  same(hidden.track, "620000123456789202B14713A3CCE03D45", "encrypt-track");
  const clear = await module.run({ do: "decrypt-track", key, track: hidden.track });
  same(done(clear, "decrypt-track").track, track, "decrypt-track");
}

async function visaCryptograms(module: SecurityModule): Promise<void> {
  const key = await put(module, "E0");
  const common = { do: "verify-arqc", key, pan: schemePan, psn: "00", atc: "001C" } as const;
  const ten = {
    ...common,
    cvn: "visa-10",
    unpredictableNumber: "52BF4585",
    data: fromHex(visaData),
    responseCode: "00",
  } as const;
  const right = await module.run({ ...ten, arqc: "29CCA15AE665FA2E" });
  const arpc = fromHex("28993816AFAE4AEB3030");
  same(right, { ok: true, valid: true, arpc }, "CVN 10");
  const wrong = await module.run({ ...ten, arqc: "29CCA15AE665FA2F" });
  same(wrong, { ok: true, valid: false }, "CVN 10 with another cryptogram");
  const eighteen = await module.run({
    ...common,
    cvn: "visa-18",
    unpredictableNumber: "52BF4585",
    data: fromHex(visa18Data),
    arqc: "7A788EA6B8A3E733",
    responseCode: "05",
  });
  same(eighteen, { ok: true, valid: true, arpc: fromHex("9AF514C100000000") }, "CVN 18");
}

async function mchipCryptogram(module: SecurityModule): Promise<void> {
  const key = await put(module, "E0");
  const answer = await module.run({
    do: "verify-arqc",
    key,
    pan: schemePan,
    psn: "00",
    cvn: "mchip-10",
    atc: "001C",
    unpredictableNumber: "ABCDEF12",
    data: fromHex(mchipData),
    arqc: "24CCF3DEE3158C70",
  });
  same(answer, { ok: true, valid: true }, "M/Chip CVN 16");
}

/** No issuer key of a PBOC card is published, so its cryptogram is made here. */
async function unionpayCryptograms(module: SecurityModule): Promise<void> {
  const key = await put(module, "E0");
  const command = {
    do: "verify-arqc",
    key,
    pan: schemePan,
    psn: "00",
    cvn: "unionpay",
    atc: "001C",
    unpredictableNumber: "01010101",
    responseCode: "00",
  } as const;
  const common = {
    ...command,
    data: fromHex(visa18Data),
    arqc: "7A788EA6B8A3E733",
    session: "emv-common",
  } as const;
  const usual = done(await module.run(common), "EMV common session key");
  same([usual.valid, usual.arpc?.length], [true, 10], "EMV common session key, method 1");
  const second = await module.run({
    ...common,
    arpcMethod: 2,
    cardStatusUpdate: "00000000",
  });
  same(done(second, "method 2").arpc, fromHex("9AF514C100000000"), "ARPC method 2");
  const other = await module.run({ ...common, session: "pboc" });
  same(other, { ok: true, valid: false }, "PBOC session key on a common cryptogram");
  const pboc = { ...command, data: fromHex(pbocData) } as const;
  const iccKey = deriveIccKey(fromHex(clearKeys.E0), schemePan, "00", "A");
  const session = pbocSessionKey(iccKey, fromHex("001C"));
  const arqc = applicationCryptogram(session, pboc.data);
  const code = fromAscii("00");
  const arpc = concat(arpc1(session, arqc, code), code);
  const right = await module.run({ ...pboc, arqc: toHex(arqc) });
  same(right, { ok: true, valid: true, arpc }, "PBOC session key");
}

async function cardKeys(module: SecurityModule): Promise<void> {
  const under = await put(module, "K0");
  const answer = await module.run({
    do: "derive-icc-keys",
    imkAc: await put(module, "E0"),
    imkSmi: await put(module, "E2"),
    imkSmc: await put(module, "E1"),
    pan: schemePan,
    psn: "00",
    under,
  });
  const { kcv } = done(answer, "derive-icc-keys");
  // The card keys that pyemv's vectors give for these issuer keys.
  const card = [
    "154F349D8585CB7F6B0798E9839B10C1",
    "94F867167C64EF3EEAB0CB627A7A3480",
    "19296D4CD626859E8AADDF0B2AAB8FEA",
  ].map((key) => keyCheckValue("tdes", fromHex(key)));
  same([kcv.ac, kcv.smi, kcv.smc].map(fromHex), card, "check values of the card's keys");
}

async function pans(module: SecurityModule): Promise<void> {
  const key = await put(module, "D0", sealingKey);
  const tokenKey = await put(module, "M7");
  const first = done(await module.run({ do: "seal-pan", key, tokenKey, pan }), "seal-pan");
  const second = done(await module.run({ do: "seal-pan", key, tokenKey, pan }), "seal-pan");
  same(first.token, second.token, "token");
  same(first.cipher === second.cipher, false, "the same cipher twice");
  const token = await module.run({ do: "generate-token", key: tokenKey, pan });
  same(token, { ok: true, token: first.token }, "token on its own");
  const opened = await module.run({ do: "open-pan", key, cipher: second.cipher });
  same(opened, { ok: true, pan }, "open-pan");
  const track2 = await put(module, "D0");
  refusedAs(
    await module.run({ do: "open-pan", key: track2, cipher: first.cipher }),
    "wrong-algorithm",
    "open-pan with a track key",
  );
  const context = "signature 1";
  const data = fromHex("0102030405");
  const hidden = done(
    await module.run({ do: "seal-data", key, context, data }),
    "seal-data",
  ).sealed;
  const shown = await module.run({ do: "open-data", key, context, sealed: hidden });
  same(shown, { ok: true, data }, "open-data");
  const elsewhere = { do: "open-data", key, context: "signature 2", sealed: hidden } as const;
  refusedAs(await module.run(elsewhere), "bad-cipher", "open-data in another's place");
}
