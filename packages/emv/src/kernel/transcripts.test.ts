import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { caKeyChecksum, parseKernelConfiguration } from "./configuration.ts";
import type { KernelConfiguration } from "./configuration.ts";
import { DEFAULT_APPLICATIONS, DEFAULT_TERMINAL } from "./defaults.ts";
import { recordedCard, rehearse } from "./rehearsal.ts";
import type { RecordedExchange, Rehearsal } from "./rehearsal.ts";
import type { TransactionInput } from "./transaction.ts";

type PublicKey = { rid: string; index: string; modulus: string; exponent: string };
type Transcript = {
  readonly name: string;
  readonly inputs: { apdus: RecordedExchange[]; caPublicKey?: PublicKey };
  readonly outputs: Record<string, string>;
  readonly verified: boolean;
};

function vectorsOf<Vector>(name: string): Vector[] {
  const file = new URL(`../../../../vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { vectors: Vector[] }).vectors;
}

const proven = vectorsOf<Transcript>("emv-contact-transcripts").filter((entry) => entry.verified);
const publicKeys = vectorsOf<{ inputs: PublicKey }>("emv-capk").map((entry) => entry.inputs);

function transcript(start: string): Transcript {
  const found = proven.find((entry) => entry.name.startsWith(start));
  assert.ok(found, start);
  return found;
}

/** The terminal of the recordings: Australia or Finland, signature and no CVM, SDA and DDA. */
function configuration(change: {
  readonly aid: string;
  readonly version?: string;
  readonly country?: string;
  readonly directory?: boolean;
  readonly keys?: readonly PublicKey[];
}): KernelConfiguration {
  const parsed = parseKernelConfiguration({
    terminal: {
      ...DEFAULT_TERMINAL,
      country: change.country ?? "036",
      capabilities: "E028C0",
      directory: change.directory ?? true,
    },
    keySet: "test",
    caKeys: (change.keys ?? []).map(({ rid, index, modulus, exponent }) => {
      const key = { rid, index, modulus, exponent };
      return { ...key, checksum: caKeyChecksum(key), label: "test" };
    }),
    applications: [
      { ...DEFAULT_APPLICATIONS[0], aid: change.aid, version: change.version ?? "0020" },
    ],
  });
  assert.ok(parsed.ok);
  return parsed.configuration;
}

const UNIONPAY_TRANSACTION: TransactionInput = {
  amount: "6580",
  currency: "036",
  currencyExponent: 2,
  type: "00",
  date: "150316",
  time: "160136",
  unpredictableNumber: "3510540E",
  authenticationNumber: "7863AFC6",
  sequence: "1",
  randomSelection: 50,
};

const UNIONPAY_KEYS = publicKeys.filter((key) => key.rid === "A000000333");

type Played = Rehearsal & { readonly matches: readonly string[] };

function replay(
  exchanges: readonly RecordedExchange[],
  kernel: KernelConfiguration,
  transaction: TransactionInput,
  authenticationData: string,
): Played {
  const card = recordedCard(exchanges);
  const played = rehearse(kernel, transaction, {
    card: card.answer,
    host: () => ({ responseCode: "00", issuerData: fromHex(`9108${authenticationData}`) }),
  });
  return { ...played, matches: card.matches().map((entry) => entry.match) };
}

test("UnionPay credit, DDA and refused issuer authentication: every command as recorded", () => {
  const { inputs, outputs } = transcript("UnionPay contact");
  const kernel = configuration({ aid: "A000000333010102", keys: UNIONPAY_KEYS });
  const played = replay(inputs.apdus, kernel, UNIONPAY_TRANSACTION, "1122334455667788");
  assert.deepEqual(new Set(played.matches), new Set(["exact"]));
  // The terminal of the recording knew all three products and asked; the kernel reads one less.
  assert.equal(played.commands.length, inputs.apdus.length);
  const { outcome, request } = played;
  assert.equal(outcome.result, "approved");
  assert.equal(outcome.aid, outputs["aid"]);
  assert.equal(outcome.pan, outputs["pan"]);
  assert.equal(outcome.psn, outputs["psn"]);
  assert.deepEqual(outcome.cryptogram, { type: "TC", value: outputs["ac2"] });
  assert.equal(toHex(request?.store.get("9F26") ?? new Uint8Array(0)), outputs["ac1"]);
  assert.equal(outcome.tvr, "0000008040");
  assert.equal(outcome.tsi, "F800");
  assert.equal(outcome.cvm, "signature");
});

test("UnionPay credit at a terminal with SDA only: the recorded static signature is right", () => {
  const { inputs } = transcript("UnionPay contact");
  const kernel = configuration({ aid: "A000000333010102", keys: UNIONPAY_KEYS });
  const staticOnly = { ...kernel, terminal: { ...kernel.terminal, capabilities: "E02880" } };
  const { outcome, commands, request } = replay(
    inputs.apdus,
    staticOnly,
    UNIONPAY_TRANSACTION,
    "1122334455667788",
  );
  assert.equal(outcome.tvr, "0200008040");
  assert.equal(toHex(request?.store.get("9F45") ?? new Uint8Array(0)), "DAC5");
  assert.ok(commands.every((command) => !command.startsWith("0088")));
});

for (const [what, at, step, bit] of [
  ["issuer certificate", "00B2021400", 20, "08"],
  ["card certificate", "00B2041400", 20, "08"],
  ["signed record", "00B2011400", 16, "08"],
  ["dynamic signature", "0088000004", 20, "08"],
] as const) {
  test(`UnionPay credit with a tampered ${what}: DDA failed`, () => {
    const { inputs } = transcript("UnionPay contact");
    const apdus = inputs.apdus.map(({ c, r }) => {
      if (!c.startsWith(at)) return { c, r };
      const bytes = fromHex(r);
      bytes[step] = (bytes[step] ?? 0) ^ 0x01;
      return { c, r: toHex(bytes) };
    });
    const kernel = configuration({ aid: "A000000333010102", keys: UNIONPAY_KEYS });
    const { outcome } = replay(apdus, kernel, UNIONPAY_TRANSACTION, "1122334455667788");
    assert.equal(outcome.tvr.slice(0, 2), bit);
    assert.equal(outcome.tsi.slice(0, 1), "F");
  });
}

test("UnionPay credit where the CA key is not known or past its date: DDA failed", () => {
  const { inputs } = transcript("UnionPay contact");
  const kernel = configuration({ aid: "A000000333010102", keys: UNIONPAY_KEYS });
  const expired = kernel.caKeys.map((key) => ({ ...key, expiry: "20150315" }));
  for (const caKeys of [[], expired]) {
    const without = { ...kernel, caKeys };
    const { outcome } = replay(inputs.apdus, without, UNIONPAY_TRANSACTION, "1122334455667788");
    assert.equal(outcome.tvr, "0800008040");
  }
});

test("Visa without offline authentication: the recorded card is followed to its certificate", () => {
  const { inputs, outputs } = transcript("Visa contact");
  const kernel = configuration({
    aid: "A0000000031010",
    version: "008C",
    directory: false,
  });
  const transaction = {
    ...UNIONPAY_TRANSACTION,
    amount: "1000",
    date: "120316",
    unpredictableNumber: "D3173A1F",
  };
  const { outcome, matches, request } = replay(
    inputs.apdus,
    kernel,
    transaction,
    "1122334455667788",
  );
  assert.deepEqual(new Set(matches), new Set(["exact"]));
  assert.equal(outcome.result, "approved");
  assert.equal(toHex(request?.store.get("9F26") ?? new Uint8Array(0)), outputs["ac1"]);
  assert.deepEqual(outcome.cryptogram, { type: "TC", value: outputs["ac2"] });
  assert.equal(outcome.tvr, outputs["ac2Tvr"]);
});

test("the T=0 transcript with 61xx and 6Cxx: DDA right, card expired for the terminal's clock", () => {
  const { inputs, outputs } = transcript("complete contact transaction");
  assert.ok(inputs.caPublicKey);
  const kernel = configuration({
    aid: "AFFFFFFFFF1234",
    version: "0096",
    country: "246",
    keys: [inputs.caPublicKey],
  });
  const transaction: TransactionInput = {
    ...UNIONPAY_TRANSACTION,
    amount: "100",
    currency: "978",
    date: "200724",
    type: "21",
    unpredictableNumber: "01234567",
    authenticationNumber: "01234567",
  };
  const { outcome, matches } = replay(inputs.apdus, kernel, transaction, "1234567812345678");
  // Only the GENERATE AC data differ: the recorded terminal checked neither date nor floor limit.
  assert.deepEqual(new Set(matches), new Set(["exact", "header"]));
  assert.equal(matches.filter((match) => match === "header").length, 2);
  assert.equal(outcome.pan, outputs["pan"]);
  assert.equal(outcome.result, "approved");
  assert.equal(outcome.tvr, "0040008000");
  assert.equal(outcome.tsi, "F800");
});

test("Amex with CDA: followed up to GENERATE AC, where the recorded terminal asked for CDA", () => {
  const { inputs } = transcript("Amex");
  const keys = publicKeys.filter((key) => key.rid === "A000000025");
  const kernel = configuration({ aid: "A000000025010403", version: "0001", keys });
  const transaction = { ...UNIONPAY_TRANSACTION, date: "141003", unpredictableNumber: "273273B9" };
  const { outcome, matches, commands } = replay(inputs.apdus, kernel, transaction, "00");
  assert.equal(commands.at(-1)?.slice(0, 6), "80AE80");
  assert.equal(matches.at(-1), "missing");
  assert.equal(outcome.result, "terminated");
  // Static authentication, which this card offers too, is right: only "SDA selected" is set.
  assert.equal(outcome.tvr.slice(0, 2), "02");
});
