import { createHash } from "node:crypto";
import { test } from "node:test";
import { concat } from "@tillway/bytes";
import { createSoftwareModule, type Random, securityModuleConformance } from "../index.ts";

/** Repeatable bytes: hashes of a counter. */
function sequence(seed: number): Random {
  let count = 0;
  return (length) => {
    let bytes: Uint8Array = new Uint8Array(0);
    while (bytes.length < length) {
      count += 1;
      bytes = concat(bytes, createHash("sha256").update(`${seed} ${count}`).digest());
    }
    return bytes.slice(0, length);
  };
}

let modules = 0;

securityModuleConformance(
  () => {
    modules += 1;
    const random = sequence(modules);
    return createSoftwareModule({ masterKey: random(32), random });
  },
  (name, run) => {
    test(`software security module ${name}`, run);
  },
);
