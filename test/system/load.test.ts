/** `tillway load` against the whole system: every payment is answered, and the books agree after it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startInstallation, type Installation } from "./installation.ts";

let installation: Installation;
before(async () => {
  installation = await startInstallation();
});
after(() => installation.stop());

type Check = { readonly name: string; readonly ok: boolean };
type Loaded = {
  readonly terminals: number;
  readonly approved: number;
  readonly declined: number;
  readonly errors: number;
  readonly ratePerSecond: number;
  readonly latencyMs: Readonly<Record<"p50" | "p95" | "p99" | "max", number>>;
};

// A terminal goes once through the whole mix in twelve payments.
for (const [mix, seconds] of [
  ["sale", "3"],
  ["mixed", "15"],
] as const) {
  test(`a load (${mix}) is approved, stops by itself, and leaves books that agree`, async () => {
    const words = ["load", "--terminals", "3", "--seconds", seconds, "--mix", mix, "--json"];
    const ran = await installation.tillway(...words);
    assert.equal(ran.code, 0, ran.err);
    const loaded = JSON.parse(ran.out) as Loaded;
    assert.equal(loaded.terminals, 3);
    assert.ok(loaded.approved > 0);
    assert.equal(loaded.declined + loaded.errors, 0, ran.out);
    const { p50, p95, p99, max } = loaded.latencyMs;
    assert.ok(p50 > 0 && p50 <= p95 && p95 <= p99 && p99 <= max);
    const audit = await installation.tillway("audit", "--json");
    const { checks } = JSON.parse(audit.out) as { readonly checks: readonly Check[] };
    // What follows a payment stands under other names with each party: each is held to its own books.
    const broken = checks.filter(
      ({ name, ok }) => !ok && (mix === "sale" || !name.includes(" = ")),
    );
    assert.deepEqual(broken, []);
  });
}

test("a load says what it cannot do", async () => {
  const none = await installation.tillway("load", "--mix", "everything");
  assert.equal(none.code, 1);
  assert.match(none.err, /--mix takes sale or mixed/);
  assert.equal((await installation.tillway("load", "--terminals", "0")).code, 1);
});
