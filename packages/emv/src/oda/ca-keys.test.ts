import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { caKeyChecksum } from "../kernel/configuration.ts";
import { publishedCaKeys } from "./ca-keys.ts";

const url = new URL("../../../../vectors/emv-capk.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(url, "utf8")) as {
  vectors: {
    inputs: Record<"rid" | "index" | "modulus" | "exponent" | "keyKind", string>;
    outputs: { sha1: string };
    verified: boolean;
  }[];
};

test("the published keys of authorities are the collected ones, checksum by checksum", () => {
  const keys = publishedCaKeys();
  assert.equal(keys.length, vectors.length);
  for (const [at, { inputs, outputs, verified }] of vectors.entries()) {
    const { keyKind: kind, ...key } = inputs;
    assert.deepEqual(keys[at], { ...key, checksum: outputs.sha1, proven: verified, kind });
    assert.equal(caKeyChecksum(key), outputs.sha1);
  }
});

test("an index alone names no key: sources differ, so none is a terminal's without its acquirer", () => {
  const names = publishedCaKeys().map(({ rid, index }) => rid + index);
  assert.ok(new Set(names).size < names.length);
});
