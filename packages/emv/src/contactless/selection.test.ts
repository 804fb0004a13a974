import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "@tillway/bytes";
import { kernelWanted } from "./selection.ts";
import {
  directoryOf,
  entryOf,
  fciOf,
  optionsOf,
  playScript,
  tlv,
  VISA,
} from "./testing/scripted.ts";

const PPSE = "00A404000E325041592E";
const UNIONPAY = "A000000333010101";
const ELECTRON = "A00000000310100000000001";

/** Names selected after the directory, in order. */
function selected(commands: readonly string[]): string[] {
  return commands
    .filter((command) => command.startsWith("00A40400"))
    .slice(1)
    .map((command) => {
      const length = Number.parseInt(command.slice(8, 10), 16);
      return command.slice(10, 10 + length * 2);
    });
}

for (const [identifier, aid, expected] of [
  [undefined, "A0000000041010", 2],
  [undefined, VISA, 3],
  [undefined, "A00000002501", 4],
  [undefined, "A000000333010101", 7],
  [undefined, "A000000152", 6],
  [undefined, "F000000001", 0],
  ["", VISA, 3],
  ["03", "F000000001", 3],
  ["43", "F000000001", 3],
  ["00", VISA, 0],
  ["82", VISA, -1],
  ["C00156", VISA, -1],
] as const) {
  test(`kernel identifier ${identifier ?? "absent"} of ${aid}: ${expected}`, () => {
    assert.equal(
      kernelWanted(identifier === undefined ? undefined : fromHex(identifier), aid),
      expected,
    );
  });
}

test("the card's priorities decide, none comes last, equal ones keep the card's order", () => {
  const listed = [
    entryOf(VISA, "00"),
    entryOf(`${VISA}02`, "03"),
    entryOf(`${VISA}01`, "02"),
    entryOf(`${VISA}03`, "03"),
  ];
  const { commands, outcome } = playScript({
    replies: { [PPSE]: directoryOf(...listed), [`00A4040007${VISA}`]: "6A82" },
  });
  assert.deepEqual(selected(commands), [`${VISA}01`, `${VISA}02`, `${VISA}03`, VISA]);
  assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "no-application"]);
  assert.deepEqual(outcome.path, [
    "select-next",
    "select-next",
    "select-next",
    "select-next",
    "end-application",
  ]);
});

test("entries the reader cannot take are passed over: names, lengths, kernels", () => {
  const listed = [
    entryOf("F000000001", "01"),
    entryOf("A0000000", "01"),
    entryOf(VISA, "01", tlv("9F2A", "05")),
    entryOf(VISA, "01", tlv("9F2A", "82")),
    tlv("61", tlv("50", "56495341")),
    tlv("50", "56495341"),
    entryOf(`${VISA}01`, "05"),
  ];
  const { commands } = playScript({ replies: { [PPSE]: directoryOf(...listed) } });
  assert.deepEqual(selected(commands), [`${VISA}01`]);
});

test("a longer name matches only where the reader lets it", () => {
  const replies = {
    [PPSE]: directoryOf(entryOf(ELECTRON)),
    [`00A404000C${ELECTRON}`]: fciOf(ELECTRON),
  };
  const { outcome, request } = playScript({ replies });
  assert.deepEqual([outcome.result, outcome.aid], ["approved", ELECTRON]);
  assert.equal(request?.aid, ELECTRON);
  const strict = playScript({ replies, reader: { combination: { partialMatch: false } } });
  assert.equal(strict.outcome.reason, "no-application");
});

for (const [what, answer] of [
  ["no directory", "6A82"],
  ["a blocked card", "6A81"],
  ["a directory without entries", directoryOf()],
  ["a directory of garbage", "6F05840399"],
  ["an empty answer", "9000"],
] as const) {
  test(`${what}: end, with the offer to try otherwise`, () => {
    const { outcome } = playScript({ replies: { [PPSE]: answer } });
    assert.deepEqual([outcome.outcome, outcome.reason], ["end-application", "no-application"]);
    assert.deepEqual([outcome.ui.id, outcome.alternateInterface], ["1C", "any"]);
  });
}

for (const [what, answer] of [
  ["a status word", "6283"],
  ["another name", fciOf(UNIONPAY)],
  ["no proprietary template", `${tlv("6F", tlv("84", VISA))}9000`],
  ["a PDOL without the reader's qualifiers", fciOf(VISA, "9F02069F3704")],
  ["no PDOL", fciOf(VISA, "")],
] as const) {
  test(`an application that answers ${what} is left for the next one`, () => {
    const { outcome, commands } = playScript({
      replies: {
        [PPSE]: directoryOf(entryOf(VISA, "01"), entryOf(UNIONPAY, "02")),
        [`00A4040007${VISA}`]: answer,
        [`00A4040008${UNIONPAY}`]: fciOf(UNIONPAY),
        "80A8": optionsOf({ "9F10": "07010103A0000001" }),
      },
    });
    assert.deepEqual(selected(commands), [VISA, UNIONPAY]);
    assert.deepEqual(outcome.path, ["select-next", "online-request", "approved"]);
    assert.equal(outcome.kernel, 7);
  });
}

test("a reader without the directory asks for its own applications one by one", () => {
  const { commands, outcome } = playScript({ reader: { terminal: { directory: false } } });
  assert.equal(commands[0], "00A4040008A00000033301010100");
  assert.deepEqual([outcome.result, outcome.aid, outcome.label], ["approved", VISA, "VISA"]);
});

test("data of an application left behind do not reach the next one", () => {
  const { request } = playScript({
    replies: {
      [PPSE]: directoryOf(entryOf(VISA, "01"), entryOf(UNIONPAY, "02")),
      [`00A4040007${VISA}`]: `${tlv("6F", tlv("84", VISA) + tlv("A5", tlv("9F12", "41") + tlv("9F38", "9F0206")))}9000`,
      [`00A4040008${UNIONPAY}`]: fciOf(UNIONPAY),
      "80A8": optionsOf({ "9F10": "07010103A0000001" }),
    },
  });
  assert.equal(request?.store.has("9F12"), false);
});
