/** Writes a sale down, says so, and waits to be killed. Used by the journal's durability test. */
import { openJournal } from "../src/journal/index.ts";

const [, , path = ""] = process.argv;
const journal = openJournal({
  path,
  deviceKey: new Uint8Array(32).fill(7),
  random: (length) => new Uint8Array(length).fill(1),
});
const stan = journal.nextStan();
journal.begin({
  transaction: {
    id: "killed",
    batch: journal.batch(),
    stan,
    type: "sale",
    amount: "2580",
    currency: "CNY",
    entry: "chip",
    maskedPan: "621626*********0018",
    at: 1,
  },
  due: {
    kind: "reversal",
    message: { mti: "0400", fields: { "2": "6216261000000000018", "11": stan } },
  },
});
process.stdout.write("written\n");
setInterval(() => undefined, 1000);
