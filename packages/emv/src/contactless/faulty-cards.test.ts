/** Cards that answer wrongly at each of their commands: the outcome that the books demand there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { spoil } from "../card/faults.ts";
import { countingRandom } from "./card/specimen.ts";
import { tap } from "./testing/field.ts";

const REFUSALS = ["6A82", "6985", "6984", "6986", "6F00", "6100"] as const;
const ANSWERS = ["garbage", "wrong-length", "duplicate-tag", "9000", ...REFUSALS] as const;
type Answer = (typeof ANSWERS)[number];

const NO_CARD = "end-application: no-application";
const NEXT = "select-next, end-application: no-application";
const ERROR = "end-application: card-error";
const AGAIN = "try-again, online-request, approved: ";
const FINE = "online-request, approved: ";

/** The outcome of every answer that is not listed, and of those that are. */
type Endings = { readonly other: string } & { readonly [A in Answer]?: string };

/** Entry Point §3.3.2: without a directory there is nothing to select. */
const directory: Endings = { other: NO_CARD, "duplicate-tag": FINE };
/** Entry Point §3.3.3: a combination that cannot be selected is left for the next one. */
const application: Endings = { other: NEXT, "duplicate-tag": FINE };
const record: Endings = { other: ERROR };
/** C-3 and C-7, GET PROCESSING OPTIONS: three status words have a meaning, others end it. */
const quickOptions: Endings = {
  other: ERROR,
  "6985": NEXT,
  "6984": "try-another-interface: use-another-interface",
  "6986": AGAIN,
};
/** C-2 §6.5: any refusal selects the next application; what is accepted must be well formed. */
const mchipOptions: Endings = {
  other: NEXT,
  "wrong-length": ERROR,
  "duplicate-tag": ERROR,
  "9000": ERROR,
  "6986": AGAIN,
};
/** C-2 §6.8: what is signed does not hold for another answer. */
const cryptogram: Endings = {
  other: ERROR,
  "duplicate-tag": "end-application: authentication-failed",
};
/** C-2 §6.14: nothing of a checksum's answer is signed. */
const checksum: Endings = { other: ERROR, "duplicate-tag": FINE };

function endingsOf(command: string, card: string): Endings {
  if (command.startsWith("00A404000E325041592E")) return directory;
  switch (command.slice(0, 4)) {
    case "00A4":
      return application;
    case "80A8":
      return card.startsWith("contactless-mastercard") ? mchipOptions : quickOptions;
    case "00B2":
      return record;
    case "80AE":
      return cryptogram;
    case "802A":
      return checksum;
    default:
      return assert.fail(`a command that this test does not know: ${command}`);
  }
}

const CARDS = [
  ["contactless-visa", 3],
  ["contactless-unionpay-debit", 3],
  ["contactless-unionpay-credit", 3],
  ["contactless-mastercard", 10],
  ["contactless-mastercard-stripe", 5],
] as const;

for (const [card, commands] of CARDS) {
  const whole = tap({ card });
  for (const answer of ANSWERS) {
    test(`${card} answers ${answer} at each command: the ending is the books'`, () => {
      assert.equal(whole.outcome.result, "approved");
      assert.equal(whole.commands.length, commands);
      for (const [at, command] of whole.commands.entries()) {
        const { outcome, request } = tap({
          card,
          // Once only: what the card says when it is presented again is right.
          spoil: (right, _, sent) =>
            sent === at ? spoil({ at: 1, answer, carriedOut: true }, right, countingRandom) : right,
        });
        const endings = endingsOf(command, card);
        const ending = `${outcome.path.join(", ")}: ${outcome.reason ?? ""}`;
        assert.equal(ending, endings[answer] ?? endings.other, `command ${at}, ${command}`);
        // Nothing went to the host of a card that was not read to its end.
        assert.equal(request !== undefined, ending.includes("online-request"));
        assert.equal(outcome.reversalRequired, false);
      }
    });
  }

  test(`${card} says nothing at any command: it is asked for again`, () => {
    for (const at of whole.commands.keys()) {
      const { outcome } = tap({ card, tornAt: at });
      assert.deepEqual(outcome.path, ["try-again", "online-request", "approved"]);
    }
  });
}
