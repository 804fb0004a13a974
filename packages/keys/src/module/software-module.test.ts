import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { clearKeys, pan, pin, put } from "../conformance/fixtures.ts";
import { loadRegisters } from "../dukpt-registers.ts";
import { tdesTree } from "../dukpt-tdes.ts";
import {
  type Command,
  commandLine,
  type CommandRecord,
  createSoftwareModule,
  gatherCommands,
  keyCheckValue,
  type SecurityModule,
  usualIbm3624Rule,
} from "../index.ts";
import { writeTerminal } from "./dukpt-state.ts";
import { createKeyring } from "./keyring.ts";

const masterKey = new Uint8Array(32).fill(5);

/** Bytes that differ from call to call, for tests alone. */
function counting(): (length: number) => Uint8Array {
  let count = 0;
  return (length) => Uint8Array.from({ length }, () => (count += 73) & 0xff);
}

function logged(): { module: SecurityModule; records: CommandRecord[] } {
  const records: CommandRecord[] = [];
  let time = 100;
  const module = createSoftwareModule({
    masterKey,
    random: counting(),
    onCommand: (record) => records.push(record),
    now: () => (time += 3),
  });
  return { module, records };
}

test("each command is told with its keys' usages and check values, outcome and duration", async () => {
  const { module, records } = logged();
  const key = await put(module, "P0");
  const pvk = await put(module, "V2");
  records.length = 0;
  const sent = await module.run({ do: "encrypt-pin", key, pin, pan, format: 0 });
  assert.ok(sent.ok);
  const verify = { do: "verify-pin", key, pvk, pvki: "1", block: sent.block, pan } as const;
  await module.runAll([
    { ...verify, format: 0, pvv: "0000" },
    { ...verify, format: 3, pvv: "0000" },
    { ...verify, key: pvk, format: 0, pvv: "0000" },
    { ...verify, key: "nonsense", format: 0, pvv: "0000" },
  ]);
  // Whoever calls without types.
  await module.run({ do: "open-sesame" } as unknown as Command);
  const pinKey = { usage: "P0", kcv: kcvOf("P0") };
  const pvvKey = { usage: "V2", kcv: kcvOf("V2") };
  const keys = { key: pinKey, pvk: pvvKey };
  const wrong = { key: pvvKey, pvk: pvvKey };
  assert.deepEqual(records, [
    { command: "encrypt-pin", keys: { key: pinKey }, outcome: "done", duration: 3 },
    { command: "verify-pin", keys, outcome: "invalid", duration: 3 },
    { command: "verify-pin", keys, outcome: "bad-pin-block", duration: 3 },
    { command: "verify-pin", keys: wrong, outcome: "wrong-usage", duration: 3 },
    { command: "verify-pin", keys: { pvk: pvvKey }, outcome: "bad-key-block", duration: 3 },
    { command: "unknown", keys: {}, outcome: "malformed", duration: 3 },
  ]);
  assert.equal(
    commandLine(records[1]!),
    `verify-pin key=P0:${pinKey.kcv} pvk=V2:${pvvKey.kcv} invalid`,
  );
});

function kcvOf(usage: "P0" | "V2"): string {
  return toHex(keyCheckValue("tdes", fromHex(clearKeys[usage])));
}

test("what is done in one go is one entry of the log, in its order", async () => {
  const written: (readonly string[])[] = [];
  const module = createSoftwareModule({
    masterKey,
    random: counting(),
    onCommand: gatherCommands((lines) => written.push(lines)),
  });
  const token = await put(module, "M7");
  const made = { usage: "P0", algorithm: "tdes" } as const;
  const [key] = await module.runAll([
    { do: "generate-key", ...made, bytes: 16 },
    { do: "import-components", ...made, components: ["0123456789ABCDEF", "FEDCBA9876543211"] },
  ]);
  assert.ok(key.ok);
  const command = { do: "generate-token", key: token, pan } as const;
  await module.runAll([command, { ...command, pan: "x" }, command]);
  await module.run(command);
  assert.deepEqual(written, [
    ["import-components done"],
    [`generate-key done ${key.kcv}`, "import-components unsupported-key"],
    ["generate-token key=M7 done", "generate-token malformed", "generate-token key=M7 done"],
    ["generate-token key=M7 done"],
  ]);
});

test("what is told holds no key, PIN or card number", async () => {
  const { module, records } = logged();
  const key = await put(module, "P0");
  await module.run({ do: "encrypt-pin", key, pin, pan, format: 0 });
  await module.run({ do: "encrypt-pin", key: clearKeys.P0, pin: `${pin}x`, pan, format: 0 });
  const text = JSON.stringify(records);
  for (const secret of [pin, pan, clearKeys.P0, key]) assert.equal(text.includes(secret), false);
  assert.equal(records.length, 3);
});

test("without a clock there is no duration", async () => {
  const records: CommandRecord[] = [];
  const module = createSoftwareModule({
    masterKey,
    random: counting(),
    onCommand: (record) => records.push(record),
  });
  await put(module, "M7");
  assert.deepEqual(records, [{ command: "import-components", keys: {}, outcome: "done" }]);
});

test("a terminal whose counter has ended is told so", async () => {
  const ksn = fromHex("FFFF9876543210E00000");
  const { keys } = loadRegisters(tdesTree(ksn), fromHex(clearKeys.B1));
  // 1FF800, the last counter, is the key of its lowest bit; the one after it is past the end.
  const state = (counter: number): string =>
    createKeyring(masterKey, counting()).protectState(
      "terminal",
      writeTerminal({ algorithm: "tdes", terminal: { ksn, registers: { counter, keys } } }),
    );
  const module = createSoftwareModule({ masterKey, random: counting() });
  const last = await module.run({ do: "next-dukpt", state: state(0x1ff800) });
  assert.ok(last.ok);
  assert.equal(last.ksn, "FFFF9876543210FFF800");
  const none = await module.run({ do: "next-dukpt", state: last.state });
  assert.deepEqual(none, {
    ok: false,
    refused: "exhausted",
    message: "next-dukpt: state has no further keys",
  });
});

test("the rule of natural PINs is the module's", async () => {
  const decimalisation = "9876543210987654";
  const usual = createSoftwareModule({ masterKey, random: counting() });
  const other = createSoftwareModule({
    masterKey,
    random: counting(),
    naturalPins: { ...usualIbm3624Rule, decimalisation },
  });
  const pvk = await put(usual, "V1");
  const command = { do: "make-pin-offset", pvk, pin, pan } as const;
  const answers = [await usual.run(command), await other.run(command)];
  assert.ok(answers.every((answer) => answer.ok));
  assert.notDeepEqual(answers[0], answers[1]);
});

test("answers are the same however many keys stay open", async () => {
  for (const openKeys of [0, 1, 2, 256]) {
    const module = createSoftwareModule({ masterKey, random: counting(), openKeys });
    const keys = [await put(module, "P0"), await put(module, "P0"), await put(module, "M3")];
    for (const [at, key] of [...keys, ...keys].entries()) {
      const answer = await module.run({ do: "encrypt-pin", key, pin, pan, format: 0 });
      const refused = { ok: false, refused: "wrong-usage" };
      if (at % 3 === 2) assert.partialDeepStrictEqual(answer, refused);
      else assert.deepEqual(answer, { ok: true, block: fromHex("7611F9FA7025EBA3") });
    }
    const changed = `${keys[0]!.slice(0, -1)}G`;
    const answer = await module.run({ do: "encrypt-pin", key: changed, pin, pan, format: 0 });
    assert.partialDeepStrictEqual(answer, { ok: false, refused: "bad-key-block" });
  }
});
