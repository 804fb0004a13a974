import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DEFAULT_APPLICATIONS } from "./defaults.ts";
import { recordedCard, rehearse } from "./rehearsal.ts";
import type { RecordedExchange, Rehearsal } from "./rehearsal.ts";
import type { Candidate } from "./steps.ts";
import {
  AID,
  cardOf,
  configurationOf,
  fciOf,
  play,
  repliesOf,
  tlv,
  TRANSACTION,
} from "./testing/scripted-card.ts";
import type { Scene } from "./testing/scripted-card.ts";

type Recording = { readonly name: string; readonly inputs: { apdus: RecordedExchange[] } };

const file = new URL("../../../../vectors/emv-contact-transcripts.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: Recording[] };

const [template] = DEFAULT_APPLICATIONS;
assert.ok(template);
const RECORDED_TERMINAL = [
  "A0000000031010",
  "A0000000032010",
  "A0000000032020",
  "A0000000041010",
  "A0000000043060",
].map((aid) => ({ ...template, aid, name: aid }));

/** Plays a recorded selection; the choice is left open, so that it is seen in the steps. */
function recorded(name: string): Rehearsal & { readonly missing: readonly string[] } {
  const vector = vectors.find((entry) => entry.name === name);
  assert.ok(vector);
  const card = recordedCard(vector.inputs.apdus);
  const kernel = configurationOf({
    applications: RECORDED_TERMINAL,
    terminal: { directory: true },
  });
  const played = rehearse(kernel, TRANSACTION, { card: card.answer, choose: () => undefined });
  const missing = card
    .matches()
    .flatMap(({ command, match }) => (match === "missing" ? [command] : []));
  return { ...played, missing };
}

function offered(played: Rehearsal): readonly Candidate[] {
  const step = played.steps.find((entry) => entry.type === "choose-application");
  return step?.candidates ?? [];
}

const BLOCKED = ["test_pse_card_blocked", "test_aid_card_blocked", "test_aid_blocked"];

for (const name of BLOCKED) {
  test(`recorded ${name}: terminated as blocked`, () => {
    const { outcome, missing } = recorded(name);
    assert.deepEqual([outcome.result, outcome.reason], ["terminated", "blocked"]);
    // The recorded terminal fetched the blocked application's name; this one asks for a next one.
    const extra = name === "test_aid_blocked" ? ["00A4040207A000000003202000"] : [];
    assert.deepEqual(missing, extra);
  });
}

test("recorded test_nothing_found: every application is asked for, none is there", () => {
  const { outcome, commands, missing } = recorded("test_nothing_found");
  assert.equal(outcome.reason, "no-application");
  assert.equal(commands.length, 6);
  assert.deepEqual(missing, []);
});

test("recorded test_pse_app_supported: the only application is selected without a question", () => {
  const played = recorded("test_pse_app_supported");
  assert.deepEqual(offered(played), []);
  assert.deepEqual(played.missing, ["00A4040007A000000003101000"]);
});

test("recorded test_pse_multi_app_supported: both are offered, first priority first", () => {
  assert.deepEqual(offered(recorded("test_pse_multi_app_supported")), [
    { aid: "A0000000032020", label: "V PAY", priority: 1 },
    { aid: "A0000000032010", label: "V PAY", priority: 2 },
  ]);
});

test("recorded test_aid_multi_exact_match_app_supported: found by the list of applications", () => {
  const played = recorded("test_aid_multi_exact_match_app_supported");
  assert.deepEqual(
    offered(played).map(({ aid }) => aid),
    ["A0000000032020", "A0000000032010"],
  );
  assert.deepEqual(played.missing, []);
});

test("recorded test_sorted_app_priority: longer names match, those without priority come last", () => {
  const names = offered(recorded("test_sorted_app_priority")).map(
    ({ label, priority }) => `${label} ${priority}`,
  );
  assert.deepEqual(names, [
    "APP 1 1",
    "APP 2 1",
    "APP 3 4",
    "APP 4 4",
    "APP 5 5",
    "APP 6 7",
    "APP 7 0",
  ]);
});

test("recorded test_app_cardholder_confirmation: one application, and still a question", () => {
  const played = recorded("test_app_cardholder_confirmation");
  assert.equal(offered(played).length, 1);
  assert.deepEqual([played.outcome.result, played.outcome.reason], ["terminated", "cancelled"]);
});

const OTHER = "A000000333010102";
const TWO: Scene = {
  replies: { [`00A4040008${OTHER}`]: fciOf(OTHER, tlv("50", "435245444954") + tlv("87", "02")) },
};

test("a broken directory falls back to the list of applications", () => {
  for (const reply of ["9000", "6F00", "6F019000", "6F05840100A5009000", "6283", "6D00", "6A82"]) {
    const { commands, outcome } = play({
      terminal: { directory: true },
      replies: { "00A404000E": reply },
    });
    assert.equal(commands[1], `00A4040008${AID}00`, reply);
    assert.equal(outcome.result, "approved", reply);
  }
});

test("a broken directory record drops what was read before it", () => {
  const entry = tlv("61", tlv("4F", OTHER) + tlv("50", "43"));
  const { steps, outcome } = play({
    terminal: { directory: true },
    replies: {
      "00A404000E": fciOf("315041592E5359532E4444463031", tlv("88", "02")),
      "00B20114": `${tlv("70", entry)}9000`,
      "00B20214": "71009000",
    },
  });
  assert.ok(steps.every((step) => step.type !== "choose-application"));
  assert.equal(outcome.aid, AID);
});

test("the cardholder's choice is taken; without cardholder selection the first priority is", () => {
  assert.equal(play({ ...TWO, choose: () => AID }).outcome.aid, AID);
  assert.equal(play({ ...TWO, choose: () => OTHER }).outcome.aid, OTHER);
  const { outcome, steps } = play({ ...TWO, terminal: { cardholderSelection: false } });
  assert.equal(outcome.aid, AID);
  assert.ok(steps.every((step) => step.type !== "choose-application"));
});

test("a choice that is not offered ends the transaction", () => {
  const { outcome } = play({ ...TWO, choose: () => "A0000000031010" });
  assert.deepEqual([outcome.result, outcome.reason], ["terminated", "unexpected-event"]);
});

test("conditions of use not satisfied (6985): the other application is taken", () => {
  let refused = false;
  const replies = repliesOf(TWO);
  const card = cardOf(replies);
  const { outcome, commands } = rehearse(configurationOf({}), TRANSACTION, {
    card: (command) => {
      if (command[1] !== 0xa8 || refused) return card(command);
      refused = true;
      return Uint8Array.of(0x69, 0x85);
    },
    choose: (candidates) => candidates[0]?.aid,
  });
  assert.equal(outcome.aid, OTHER);
  assert.equal(outcome.result, "approved");
  assert.equal(commands.filter((command) => command.startsWith("80A8")).length, 2);
});

test("6985 from the only application ends without an application", () => {
  const { outcome } = play({ replies: { "80A8": "6985" } });
  assert.deepEqual([outcome.result, outcome.reason], ["terminated", "no-application"]);
});

test("an application blocked at the final selection leaves the list", () => {
  let selections = 0;
  const card = cardOf(repliesOf({}));
  const { outcome } = rehearse(configurationOf({}), TRANSACTION, {
    card: (command) => {
      const isOurs = command[1] === 0xa4 && command.at(-2) === 0x01;
      if (isOurs) selections += 1;
      return isOurs && selections === 2 ? Uint8Array.of(0x62, 0x83) : card(command);
    },
  });
  assert.deepEqual([outcome.result, outcome.reason], ["terminated", "blocked"]);
});

test("a partial name is asked for again until the card has no more", () => {
  const [first, second] = [`${AID}01`, `${AID}02`];
  const { steps, commands } = play({
    choose: () => undefined,
    replies: {
      [`00A4040008${AID}`]: fciOf(first, tlv("50", "4F4E45")),
      [`00A4040208${AID}`]: "6283",
    },
  });
  assert.ok(second.startsWith(AID));
  assert.ok(commands.filter((command) => command.startsWith("00A40402")).length > 1);
  assert.ok(steps.length < 40);
});

test("the preferred name serves where its alphabet is Latin, control characters never do", () => {
  const names = tlv("50", "444542") + tlv("9F11", "01") + tlv("9F12", "4D79071B4E616D65");
  const { outcome } = play({ replies: { [`00A4040008${AID}`]: fciOf(AID, names) } });
  assert.equal(outcome.label, "MyName");
  const cyrillic = names.replace("9F110101", "9F110105");
  assert.equal(
    play({ replies: { [`00A4040008${AID}`]: fciOf(AID, cyrillic) } }).outcome.label,
    "DEB",
  );
});
