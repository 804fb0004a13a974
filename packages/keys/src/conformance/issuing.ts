import { concat, fromHex, toHex } from "@tillway/bytes";
import { deriveIccKey } from "../cryptogram.ts";
import { dynamicVerificationCode } from "../cvv.ts";
import type { SecurityModule } from "../module/security-module.ts";
import { done, refusedAs, same } from "./check.ts";
import { clearKeys, pan, pin, put } from "./fixtures.ts";

type Case = { readonly name: string; readonly run: (module: SecurityModule) => Promise<void> };

/** What an issuer does, with published values where there are some. */
export const issuingCases: readonly Case[] = [
  { name: "makes and verifies card verification values", run: verificationValues },
  { name: "verifies a CVC3 by as many digits as the track carries", run: dynamicValues },
  { name: "verifies all digits of a PIN by its offset", run: offsets },
  { name: "makes script MACs and hides script data as each scheme does", run: scripts },
  { name: "makes the PIN CHANGE command from a PIN block", run: pinChanges },
];

async function verificationValues(module: SecurityModule): Promise<void> {
  const key = await put(module, "C0");
  // The example of Thales's payShield manuals.
  const card = { key, pan: "4123456789012345", expiry: "8701" } as const;
  const track = { ...card, serviceCode: "101" } as const;
  same(done(await module.run({ do: "make-cvv", ...track }), "CVV").cvv, "561", "CVV");
  const right = await module.run({ do: "verify-cvv", ...track, cvv: "561" });
  same(right, { ok: true, valid: true }, "the right value");
  const chip = await module.run({ do: "verify-cvv", ...card, serviceCode: "999", cvv: "561" });
  same(chip, { ok: true, valid: false }, "the track's value as the chip's");
  const malformed = await module.run({ do: "verify-cvv", ...track, cvv: "56" });
  refusedAs(malformed, "malformed", "a value of 2 digits");
}

async function dynamicValues(module: SecurityModule): Promise<void> {
  const key = await put(module, "E4");
  const track = "5123456789012345D35121010000000000000F";
  const command = {
    do: "verify-cvc3",
    key,
    pan: "5123456789012345",
    psn: "00",
    track,
    atc: "005E",
    unpredictableNumber: "00000899",
  } as const;
  const code = dynamicVerificationCode(
    deriveIccKey(fromHex(clearKeys.E4), command.pan, "00", "A"),
    fromHex(track),
    fromHex("005E"),
    fromHex("00000899"),
  );
  for (const length of [3, 4, 5]) {
    const right = await module.run({ ...command, cvc3: code.slice(-length) });
    same(right, { ok: true, valid: true }, `${length} digits`);
  }
  const head = code.slice(0, 3);
  same(code.endsWith(head), false, "a code whose ends are the same proves nothing");
  const first = await module.run({ ...command, cvc3: head });
  same(first, { ok: true, valid: false }, "the first digits");
  const wrong = await module.run({ ...command, atc: "005F", cvc3: code });
  same(wrong, { ok: true, valid: false }, "another transaction");
}

async function offsets(module: SecurityModule): Promise<void> {
  const pvk = await put(module, "V1");
  const key = await put(module, "P0");
  const made = await module.run({ do: "make-pin-offset", pvk, pin, pan });
  const { offset } = done(made, "make-pin-offset");
  same(offset.length, pin.length, "length of the offset");
  const check = async (entered: string): Promise<unknown> => {
    const sent = { do: "encrypt-pin", key, pin: entered, pan, format: 0 } as const;
    const { block } = done(await module.run(sent), "encrypt-pin");
    return module.run({ do: "verify-pin-offset", key, pvk, block, pan, format: 0, offset });
  };
  same(await check(pin), { ok: true, valid: true }, "the right PIN");
  // All that a PVV, which covers four digits, would let through.
  for (const entered of ["123457", "123466", "1234", "12345", "1234560"]) {
    same(await check(entered), { ok: true, valid: false }, "another PIN");
  }
  const zeros = await module.run({ do: "make-pin-offset", pvk, pin: "0000", pan });
  const nines = await module.run({ do: "make-pin-offset", pvk, pin: "9999", pan });
  const sum = Array.from(done(zeros, "0000").offset, (digit) => (+digit + 9) % 10).join("");
  same(done(nines, "9999").offset, sum, "offsets of two PINs");
}

const card = { pan: "1234567890123456", psn: "00", atc: "001C" } as const;
const eighteen = { ...card, cvn: "visa-18", arqc: "7A788EA6B8A3E733" } as const;
const mchip = { ...card, cvn: "mchip-10", arqc: "24CCF3DEE3158C70" } as const;

async function scripts(module: SecurityModule): Promise<void> {
  const [smi, smc] = [await put(module, "E2"), await put(module, "E1")];
  const cases = [
    { transaction: eighteen, header: "8418000008", data: "", mac: "04EDE90BC24CC35E" },
    {
      transaction: mchip,
      header: "8424000210",
      data: "00859B8FE53F316D",
      mac: "EB4B64C36BF88E39",
    },
  ];
  for (const { transaction, header, data, mac } of cases) {
    const command = { do: "script-mac", key: smi, ...transaction } as const;
    const bytes = { header: fromHex(header), data: fromHex(data) };
    const made = done(await module.run({ ...command, ...bytes }), "script-mac");
    same(toHex(made.mac), mac, `MAC of ${transaction.cvn}`);
  }
  const hide = { do: "encrypt-script-data", key: smc } as const;
  const visa = await module.run({ ...hide, ...eighteen, data: fromHex("049999FF7A7A3480") });
  const hidden = "BB221AF527377A2811D2B6EBC396A939";
  same(toHex(done(visa, "Visa").data), hidden, "data of Visa");
  const master = await module.run({ ...hide, ...mchip, data: fromHex("249999FFFFFFFFFF") });
  same(toHex(done(master, "M/Chip").data), "00859B8FE53F316D", "data of M/Chip");
}

async function pinChanges(module: SecurityModule): Promise<void> {
  const from = await put(module, "P0");
  const keys = {
    imkAc: await put(module, "E0"),
    imkSmi: await put(module, "E2"),
    imkSmc: await put(module, "E1"),
  };
  const sent = { do: "encrypt-pin", key: from, pin: "9999", pan: card.pan, format: 3 } as const;
  const { block } = done(await module.run(sent), "encrypt-pin");
  const change = { do: "change-pin", from, block, fromFormat: 3, ...keys } as const;
  const expected = [
    [eighteen, "8424000218BB221AF527377A2811D2B6EBC396A9391A22B480EF312F40"],
    [mchip, "842400021000859B8FE53F316DEB4B64C36BF88E39"],
  ] as const;
  for (const [transaction, command] of expected) {
    const answer = await module.run({ ...change, ...transaction });
    same(toHex(done(answer, "change-pin").command), command, transaction.cvn);
  }
  const clear = fromHex("249999FFFFFFFFFF");
  const answer = await module.run({ ...change, ...mchip });
  const whole = concat(done(answer, "change-pin").command);
  same(toHex(whole).includes(toHex(clear)), false, "the PIN in the command");
  const wrong = await module.run({ ...change, ...mchip, fromFormat: 2 });
  refusedAs(wrong, "format-not-allowed", "a block that was for a card");
}
