import assert from "node:assert/strict";
import { test } from "node:test";
import { agreement } from "./agreement.ts";

const devices = ["10000001"];
const entry = (rrn: string, state: string, amount = "100", terminal = "10000001") => ({
  rrn,
  state,
  amount,
  terminal,
});

test("parties agree where the same charges stand, whatever was declined or reversed", () => {
  const checks = agreement({
    devices,
    terminal: [
      entry("1", "approved"),
      entry("2", "declined"),
      { rrn: null, state: "reversed", amount: "7" },
    ],
    acquirer: [entry("1", "approved"), entry("2", "declined"), entry("3", "reversed")],
    issuer: [entry("1", "approved"), entry("3", "reversed")],
  });
  assert.deepEqual(
    checks.map(({ ok, checked }) => [ok, checked]),
    [
      [true, 1],
      [true, 1],
    ],
  );
});

test("a charge that one party lacks, or has at another amount, is named", () => {
  const missing = agreement({
    devices,
    terminal: [entry("1", "approved")],
    acquirer: [entry("1", "approved"), entry("2", "approved")],
    issuer: [entry("1", "approved", "101"), entry("2", "approved")],
  });
  assert.deepEqual(
    missing.map(({ ok, why }) => [ok, why]),
    [
      [false, "1 differ, first RRN 2"],
      [false, "1 differ, first RRN 1"],
    ],
  );
});

test("what was voided later was approved all the same, and a tip changes its charge everywhere", () => {
  const tip = { ...entry("2", "approved", "120"), type: "tip adjustment", originalRrn: "1" };
  const checks = agreement({
    devices,
    terminal: [entry("4", "approved", "0"), entry("3", "approved"), tip, entry("1", "approved")],
    acquirer: [
      entry("1", "approved"),
      entry("2", "approved", "120"),
      entry("3", "approved"),
      entry("4", "approved", "0"),
    ],
    issuer: [
      entry("1", "approved", "120"),
      entry("2", "approved", "120"),
      entry("3", "voided"),
      { rrn: "4", state: "approved", amount: null },
    ],
  });
  assert.deepEqual(
    checks.map(({ ok }) => ok),
    [true, true],
  );
});

test("charges of a terminal whose journal is elsewhere are held against the issuer alone", () => {
  const elsewhere = entry("9", "approved", "100", "L0000001");
  const checks = agreement({ devices, terminal: [], acquirer: [elsewhere], issuer: [elsewhere] });
  assert.deepEqual(
    checks.map(({ ok, checked }) => [ok, checked]),
    [
      [true, 0],
      [true, 1],
    ],
  );
});
