import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runTillway } from "./installation.ts";

type Row = {
  readonly name: string;
  readonly hex: string;
  readonly specName: string;
  readonly framing: string;
};
const samples = join(import.meta.dirname, "..", "..", "vectors", "samples", "iso8583.json");
const rows = (JSON.parse(readFileSync(samples, "utf8")) as Row[]).filter(
  (row) => row.specName === "unionpay-pos",
);
const sale = rows.find((row) => row.name.includes("contact IC"));
after(() => rmSync(nowhere.TILLWAY_DATA, { recursive: true, force: true }));
const nowhere = { TILLWAY_DATA: mkdtempSync(join(tmpdir(), "tillway-none-")) };

test("decode recognises a terminal's message, and encode gives the same bytes back", async () => {
  for (const row of rows.slice(0, 3)) {
    const decoded = await runTillway(["decode", row.hex, "--json", "--unmask"]);
    assert.equal(decoded.code, 0, decoded.err);
    const document = JSON.parse(decoded.out) as Record<string, unknown>;
    assert.equal(document.spec, "unionpay-pos");
    assert.equal(document.framing, row.framing);
    const encoded = await runTillway(["encode", "--json"], {}, decoded.out);
    assert.equal(encoded.code, 0, encoded.err);
    assert.deepEqual(JSON.parse(encoded.out), { hex: row.hex.toUpperCase() });
  }
});

test("decode masks card data unless told otherwise, and encode refuses what is masked", async () => {
  const decoded = await runTillway(["decode", sale!.hex, "--json"]);
  const { fields, parsed } = JSON.parse(decoded.out) as {
    fields: Record<string, string>;
    parsed: Record<string, Record<string, string>>;
  };
  assert.equal(fields["2"], "620000******7892");
  assert.ok(!decoded.out.includes("6200001234567892"));
  assert.equal(parsed["55"]?.["9F36"], "0001");
  assert.equal(parsed["60"]?.["1"], "22");
  const encoded = await runTillway(["encode", "--json"], {}, decoded.out);
  assert.equal(encoded.code, 1);
  const text = await runTillway(["decode", "-"], {}, sale!.hex.toLowerCase());
  assert.equal(text.code, 0);
  assert.ok(!text.out.includes("6200001234567892"));
});

test("a malformed message ends with its code, path and offset, and without a stack trace", async () => {
  const cut = await runTillway([
    "decode",
    "--spec",
    "unionpay-pos",
    "--framing",
    "none",
    "0200700004",
    "--json",
  ]);
  assert.equal(cut.code, 1);
  const { error } = JSON.parse(cut.out) as { error: Record<string, unknown> };
  assert.deepEqual(Object.keys(error).sort(), ["code", "message", "offset", "path"]);
  for (const words of [
    ["decode", "xyz"],
    ["decode", "0"],
    ["decode", "00"],
    ["encode"],
    ["fly"],
    ["decode", "--wings"],
  ]) {
    const ran = await runTillway(words, {}, "not json");
    assert.equal(ran.code, 1, words.join(" "));
    assert.ok(!/\n\s+at /.test(ran.err), ran.err);
    assert.equal(ran.err.trim().split("\n").length, 1, ran.err);
  }
});

test("a user's dialect is a file: printed, changed, and decoded with", async () => {
  const printed = await runTillway(["spec", "unionpay-pos"]);
  assert.equal(printed.code, 0, printed.err);
  const table = JSON.parse(printed.out) as { name: string; fields: Record<string, unknown> };
  table.name = "bank-x";
  table.fields["5"] = { name: { en: "x", zh: "甲" }, content: "n", encoding: "bcd", length: 4 };
  const path = join(nowhere.TILLWAY_DATA, "bank-x.json");
  writeFileSync(path, JSON.stringify(table));
  const framed = "001a6000030000603100310000020028000000000000000000001234";
  const decoded = await runTillway(["decode", "--json", "--spec", path, framed]);
  assert.equal(decoded.code, 0, decoded.err);
  const document = JSON.parse(decoded.out) as Record<string, unknown>;
  assert.deepEqual(document.fields, { "3": "000000", "5": "1234" });
  assert.equal(document.framing, "2be-tpdu-header6");
  const encoded = await runTillway(["encode", "--json"], {}, decoded.out);
  assert.deepEqual(JSON.parse(encoded.out), { hex: framed.toUpperCase() });
  writeFileSync(path, JSON.stringify({ ...table, bits: 65 }));
  const broken = await runTillway(["decode", "--json", "--spec", path, framed]);
  assert.equal(broken.code, 1);
  assert.equal((JSON.parse(broken.out) as { error: { code: string } }).error.code, "spec");
});

test("the pad nibble that a sender chose is kept between decode and encode", async () => {
  for (const digit of ["0", "F"]) {
    const hex = `020040000000000000001762000012345678902${digit}`;
    const decoded = await runTillway(["decode", "--json", "--unmask", hex]);
    assert.equal(decoded.code, 0, decoded.err);
    const { fields } = JSON.parse(decoded.out) as { fields: Record<string, string> };
    assert.equal(fields["2"], "62000012345678902");
    const encoded = await runTillway(["encode", "--json"], {}, decoded.out);
    assert.deepEqual(JSON.parse(encoded.out), { hex }, decoded.out);
  }
});

test("a command that needs the running system says so in one sentence", async () => {
  for (const words of [["pay", "--amount", "1"], ["audit"], ["echo"], ["cards", "--reset"]]) {
    const ran = await runTillway(words, nowhere);
    assert.equal(ran.code, 1, words.join(" "));
    assert.match(ran.err, /^nothing is running with the data folder .+\n$/);
  }
});

test("a bad setting names its variable and what is allowed", async () => {
  const ran = await runTillway(["start"], {
    ...nowhere,
    TILLWAY_HTTP_PORT: "80x",
    TILLWAY_LOG: "loud",
  });
  assert.equal(ran.code, 1);
  assert.match(ran.err, /TILLWAY_HTTP_PORT: must be a whole number from 1 to 65535/);
  assert.match(ran.err, /TILLWAY_LOG: must be one of trace, debug/);
});

test("the demonstration cards are listed with masked numbers, and every command has help", async () => {
  const ran = await runTillway(["cards", "--json"]);
  assert.equal(ran.code, 0, ran.err);
  const cards = JSON.parse(ran.out) as readonly { name: string; pan: string; pin: string }[];
  for (const name of ["unionpay-debit", "unionpay-credit", "visa", "mastercard"]) {
    assert.ok(
      cards.some((card) => card.name === name),
      name,
    );
  }
  for (const card of cards) assert.match(card.pan, /^\d{6}\*+\d{4}$/);
  const help = await runTillway(["--help"]);
  assert.equal(help.code, 0);
  for (const name of ["start", "pay", "cards", "decode", "encode", "audit", "echo", "sign-in"]) {
    assert.ok(help.out.includes(`tillway ${name}`), name);
    assert.equal((await runTillway([name, "--help"])).code, 0, name);
  }
});

test("every file of published vectors passes, and a changed vector fails", async () => {
  const folder = join(import.meta.dirname, "..", "..", "vectors");
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  assert.ok(files.length >= 20);
  const paths = files.map((name) => join(folder, name));
  const ran = await runTillway(["vectors", "--json", ...paths]);
  assert.equal(ran.code, 0, ran.out.slice(0, 2000));
  const runs = JSON.parse(ran.out) as readonly { kind: string; passed: number; failed: number }[];
  assert.equal(runs.length, files.length);
  assert.ok(runs.every(({ passed, failed }) => passed > 0 && failed === 0));

  const changed = join(nowhere.TILLWAY_DATA, "changed.json");
  const file = JSON.parse(readFileSync(join(folder, "pvv.json"), "utf8")) as {
    vectors: { outputs: { pvv: string } }[];
  };
  file.vectors[0]!.outputs.pvv = "0000";
  writeFileSync(changed, JSON.stringify(file));
  const failed = await runTillway(["vectors", "--json", changed]);
  assert.equal(failed.code, 2);
  assert.equal((JSON.parse(failed.out) as { failed: number }).failed, 1);
});

test("recorded cards are played to the kernel", async () => {
  const folder = join(import.meta.dirname, "..", "..", "vectors");
  for (const name of ["emv-contact-transcripts.json", "emv-contactless-transcripts.json"]) {
    const ran = await runTillway(["transcript", "--json", join(folder, name)]);
    assert.equal(ran.code, 0, ran.out.slice(0, 2000));
  }
  const other = await runTillway(["transcript", join(folder, "pvv.json")]);
  assert.equal(other.code, 1);
});

test("data objects and payment codes are dissected, card data masked", async () => {
  const tlv = await runTillway([
    "emv",
    "decode",
    "5A0862000012345678929F360200019505008000E000",
    "--json",
  ]);
  assert.equal(tlv.code, 0, tlv.err);
  assert.ok(!tlv.out.includes("6200001234567892"));
  const objects = JSON.parse(tlv.out) as readonly { tag: string; name: string }[];
  assert.deepEqual(
    objects.map(({ tag }) => tag),
    ["5A", "9F36", "95"],
  );
  const broken = await runTillway(["emv", "decode", "9F3602", "--json"]);
  assert.equal(broken.code, 1);
  assert.deepEqual(Object.keys((JSON.parse(broken.out) as { error: object }).error).sort(), [
    "code",
    "message",
    "offset",
    "path",
  ]);
  const vectors = join(import.meta.dirname, "..", "..", "vectors", "emv-qr.json");
  const { payload } = (
    JSON.parse(readFileSync(vectors, "utf8")) as { vectors: { inputs: { payload: string } }[] }
  ).vectors[0]!.inputs;
  const code = await runTillway(["qr", "decode", payload, "--json"]);
  assert.equal(code.code, 0, code.err);
  assert.equal((JSON.parse(code.out) as { kind: string }).kind, "merchant");
  assert.equal((await runTillway(["qr", "decode", `${payload.slice(0, -1)}0`])).code, 1);
});
