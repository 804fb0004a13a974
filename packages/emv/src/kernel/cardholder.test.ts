import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "@tillway/bytes";
import { tsiNames, tvrNames } from "../tvr.ts";
import type { TvrBit } from "../tvr.ts";
import { ONLINE, play } from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

const PIN = { ...ONLINE, onlinePin: true };
type CvmRow = readonly [string, Scene, string, string, readonly TvrBit[]];
const rules = (...codes: readonly string[]): Record<string, string> => ({
  "8E": `000003E800001388${codes.join("")}`,
  "9F42": "0156",
});

/** Rules, then the CVM results (9F34), the outcome's word and the bits of TVR byte 3. */
const CVM: readonly CvmRow[] = [
  ["no CVM always", { tags: rules("1F00") }, "1F0002", "none", []],
  ["signature always", { tags: rules("1E00") }, "1E0000", "signature", []],
  ["online PIN always", { tags: rules("0200") }, "020000", "online-pin", ["onlinePinEntered"]],
  [
    "online PIN bypassed, the list ends",
    { tags: rules("0200", "1E00"), pin: "pin-bypassed" },
    "020001",
    "failed",
    ["cardholderVerificationFailed", "pinNotEntered"],
  ],
  [
    "online PIN bypassed, signature next",
    { tags: rules("4200", "1E00"), pin: "pin-bypassed" },
    "1E0000",
    "signature",
    ["pinNotEntered"],
  ],
  [
    "a second online PIN after a bypass is not asked for",
    { tags: rules("4200", "4200", "1F00"), pin: "pin-bypassed" },
    "1F0002",
    "none",
    ["pinNotEntered"],
  ],
  [
    "online PIN this application does not take",
    { tags: rules("0200"), application: { onlinePin: false } },
    "020001",
    "failed",
    ["cardholderVerificationFailed", "pinPadUnavailable"],
  ],
  [
    "online PIN if supported, and it is not",
    { tags: rules("0203", "1E00"), application: { onlinePin: false } },
    "1E0000",
    "signature",
    [],
  ],
  [
    "plaintext offline PIN if supported",
    { tags: rules("4103", "1E00") },
    "1E0000",
    "signature",
    [],
  ],
  ...["01", "03", "04", "05"].map((code): CvmRow => [
    `offline PIN method ${code} always`,
    { tags: rules(`${code}00`, "1F00") },
    `${code}0001`,
    "failed",
    ["cardholderVerificationFailed", "pinPadUnavailable"],
  ]),
  [
    "enciphered offline PIN, signature next",
    { tags: rules("4400", "1E00") },
    "1E0000",
    "signature",
    ["pinPadUnavailable"],
  ],
  [
    "an unknown method, the list ends",
    { tags: rules("2A00", "1F00") },
    "3F0001",
    "failed",
    ["cardholderVerificationFailed", "cvmUnrecognised"],
  ],
  [
    "an unknown method, no CVM next",
    { tags: rules("6A00", "1F00") },
    "1F0002",
    "none",
    ["cvmUnrecognised"],
  ],
  [
    "fail, although the next rule would do",
    { tags: rules("4000", "1F00") },
    "400001",
    "failed",
    ["cardholderVerificationFailed"],
  ],
  [
    "no condition holds",
    { tags: rules("1F01", "1F04", "1F05", "1F80") },
    "3F0001",
    "failed",
    ["cardholderVerificationFailed"],
  ],
  [
    "signature not supported and last",
    { tags: rules("5E00"), terminal: { capabilities: "E048C0" } },
    "5E0001",
    "failed",
    ["cardholderVerificationFailed"],
  ],
  ["neither cash nor cashback", { tags: rules("1E02", "1F00") }, "1E0200", "signature", []],
  [
    "cash over the counter",
    { tags: rules("1E04", "1F00"), transaction: { type: "01" } },
    "1E0400",
    "signature",
    [],
  ],
  [
    "cashback",
    { tags: rules("1E05", "1F00"), transaction: { type: "09" } },
    "1E0500",
    "signature",
    [],
  ],
  [
    "under X (10.00)",
    { tags: rules("1F06", "1E00"), transaction: { amount: "999" } },
    "1F0602",
    "none",
    [],
  ],
  [
    "X is not under X",
    { tags: rules("1F06", "1E00"), transaction: { amount: "1000" } },
    "1E0000",
    "signature",
    [],
  ],
  [
    "over X",
    { tags: rules("1E07", "1F00"), transaction: { amount: "1001" } },
    "1E0700",
    "signature",
    [],
  ],
  ["under Y (50.00)", { tags: rules("1F08", "1E00") }, "1F0802", "none", []],
  [
    "over Y",
    { tags: rules("1E09", "1F00"), transaction: { amount: "5001" } },
    "1E0900",
    "signature",
    [],
  ],
  [
    "another currency: amounts say nothing",
    { tags: { ...rules("1F08", "1E00"), "9F42": "0840" } },
    "1E0000",
    "signature",
    [],
  ],
];

for (const [what, scene, results, cvm, bits] of CVM) {
  test(`CVM: ${what}`, () => {
    const { outcome, request } = play({ application: PIN, ...scene, ...withOnline(scene) });
    assert.equal(toHex(request?.store.get("9F34") ?? new Uint8Array(0)), results);
    assert.equal(outcome.cvm, cvm);
    assert.equal(request?.cvm, cvm);
    const names = tvrNames(fromHex(outcome.tvr));
    assert.deepEqual(
      names.filter((name) => !["authenticationNotPerformed", "serviceNotAllowed"].includes(name)),
      bits,
    );
    assert.ok(tsiNames(fromHex(outcome.tsi)).includes("cardholderVerificationPerformed"));
  });
}

function withOnline(scene: Scene): Scene {
  return { application: { ...PIN, ...scene.application } };
}

test("CVM: a card without cardholder verification is not asked", () => {
  const { outcome } = play({ aip: "0C00" });
  assert.equal(outcome.cvm, "none");
  assert.deepEqual(tsiNames(fromHex(outcome.tsi)), [
    "cardRiskManagementPerformed",
    "terminalRiskManagementPerformed",
  ]);
});

test("CVM: a missing list is missing data, an odd one a faulty card", () => {
  for (const list of ["", "0000000000000000"]) {
    const { outcome } = play({ tags: { "8E": list } });
    assert.deepEqual(tvrNames(fromHex(outcome.tvr)), [
      "authenticationNotPerformed",
      "cardDataMissing",
    ]);
  }
  const { outcome } = play({ tags: { "8E": "00000000000000001F" } });
  assert.deepEqual([outcome.result, outcome.reason], ["terminated", "card-error"]);
});

test("cancelling the PIN ends the transaction before any cryptogram", () => {
  const { outcome, commands } = play({
    tags: rules("0200"),
    application: PIN,
    pin: "pin-cancelled",
  });
  assert.deepEqual([outcome.result, outcome.reason], ["terminated", "cancelled"]);
  assert.equal(outcome.reversalRequired, false);
  assert.ok(commands.every((command) => !command.startsWith("80AE")));
});

test("CVM: a PIN bypassed once is not asked for again", () => {
  const { steps, outcome } = play({
    tags: rules("4200", "4200", "1F00"),
    application: PIN,
    pin: "pin-bypassed",
  });
  assert.equal(steps.filter((step) => step.type === "enter-online-pin").length, 1);
  assert.equal(outcome.result, "approved");
});
