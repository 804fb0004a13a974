import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { secretFiles, type Files } from "./index.ts";

const home = fs.mkdtempSync(join(tmpdir(), "tillway-secrets-"));
after(() => fs.rmSync(home, { recursive: true, force: true }));
const { keyFile, readIfThere, secretText, writeSecret } = secretFiles(fs, randomBytes);
const modeOf = (path: string): number => fs.statSync(path).mode & 0o777;
const filled = (value: number) => (length: number) => new Uint8Array(length).fill(value);
const failure = (code: string): Error => Object.assign(new Error(code), { code });

test("a key file is made once, for its owner alone, with its folder", () => {
  const path = join(home, "one", "master.key");
  const key = keyFile(path, filled(1));
  assert.deepEqual(keyFile(path, filled(2)), key);
  assert.equal(modeOf(path), 0o600);
  assert.equal(modeOf(join(home, "one")), 0o700);
  assert.deepEqual(fs.readdirSync(join(home, "one")), ["master.key"]);
});

test("a key file of another length is refused by its name", () => {
  const path = join(home, "short.key");
  writeSecret(path, new Uint8Array(31));
  assert.throws(() => keyFile(path, filled(1)), new RegExp(`${path}: a key file holds 32 bytes`));
});

test("of two processes that make a secret at one moment, both get that of the first", () => {
  const path = join(home, "token");
  const late = secretText(path, () => {
    assert.equal(
      secretText(path, () => "first"),
      "first",
    );
    return "second";
  });
  assert.equal(late, "first");
});

test("writing takes the place of what was there; what is missing is undefined", () => {
  const path = join(home, "sealed");
  assert.equal(readIfThere(path), undefined);
  writeSecret(path, "old and longer");
  writeSecret(path, "new");
  assert.equal(new TextDecoder().decode(readIfThere(path)), "new");
  assert.equal(modeOf(path), 0o600);
});

test("a secret that others could read is closed to them", () => {
  const path = join(home, "pairing-code");
  fs.writeFileSync(path, "code\n");
  fs.chmodSync(path, 0o644);
  assert.equal(
    secretText(path, () => "other"),
    "code",
  );
  assert.equal(modeOf(path), 0o600);
});

test("a write that fails leaves the old file and nothing beside it", () => {
  const path = join(home, "two", "cards");
  writeSecret(path, "old");
  const full: Files = {
    ...fs,
    writeFileSync: (beside, content, options) => {
      fs.writeFileSync(beside, content.slice(0, 1), options);
      throw failure("ENOSPC");
    },
  };
  assert.throws(() => secretFiles(full, randomBytes).writeSecret(path, "new"), /ENOSPC/);
  assert.equal(new TextDecoder().decode(readIfThere(path)), "old");
  assert.deepEqual(fs.readdirSync(join(home, "two")), ["cards"]);
});

test("a secret on a read-only disk is read as it is", () => {
  const path = join(home, "mounted");
  writeSecret(path, "mounted\n");
  const mounted: Files = {
    ...fs,
    chmodSync: () => {
      throw failure("EROFS");
    },
  };
  assert.equal(
    secretFiles(mounted, randomBytes).secretText(path, () => "other"),
    "mounted",
  );
});
