/** Messages about another one: a reversal (0420), what a chip made of our scripts (0620). */
import { bucketOf } from "@tillway/database";
import { fromHex } from "@tillway/bytes";
import { parseTlv, TlvError, toStore } from "@tillway/emv";
import { cups, keptFields, type Decoded, type MessageFields } from "@tillway/iso8583";
import { uuidv7 } from "@tillway/money";
import { matchKey, originalKey } from "../wire/index.ts";
import type { BankContext } from "./context.ts";
import { noticeReply } from "./reply.ts";
import { parseResults, report } from "./script.ts";
import { undo } from "./undo.ts";

/** The fields of the 0430 or 0630 to a notice whose MAC is right. Repeats change nothing. */
export async function takeNotice(context: BankContext, message: Decoded): Promise<MessageFields> {
  const { fields } = message;
  const key = matchKey(fields);
  const original = originalKey(fields["90"]);
  const pan = fields["2"];
  const mti = message.mti.startsWith("042") ? "0420" : "0620";
  if (key === undefined || original === undefined || pan === undefined) {
    return noticeReply(fields, "30");
  }
  const { module, keys, clock, calendar, random } = context;
  const sealed = await module.run({
    do: "generate-token",
    key: keys.pan.tokenKey,
    pan,
  });
  if (!sealed.ok) return noticeReply(fields, "30");
  const { token } = sealed;
  const now = clock.now();
  const businessDate = await calendar.open(now);
  const card = await context.store.card(token);
  const { "2": _card, "103": _receiver, "128": _mac, ...kept } = keptFields(cups, message).fields;
  const amount = /^\d{12}$/.test(fields["4"] ?? "") ? BigInt(fields["4"] ?? "0") : undefined;
  const reversal = { card: token, originalKey: original, amount, now, businessDate };
  const journal = uuidv7(now, random(10));
  const results = mti === "0620" ? parseResults(resultsOf(fields["55"] ?? "")) : [];
  const code = await context.store.run({
    bucket: card?.accountBucket ?? bucketOf(token),
    names: { keys: [original], cards: [token] },
    decide: (book) => {
      const done =
        mti === "0420"
          ? undo(book, { ...reversal, journal })
          : report(book, original, results, now);
      book.note({ mti, key, originalKey: original, code: done, message: kept, at: now });
      return done;
    },
  });
  context.count(`${mti === "0420" ? "reversal" : "script-result"}-${code}`);
  return noticeReply(fields, code);
}

/** Tag DF31 of DE 55; empty where it is not there. */
function resultsOf(hex: string): Uint8Array {
  try {
    return toStore(parseTlv(fromHex(hex))).get("DF31") ?? new Uint8Array(0);
  } catch (error) {
    if (error instanceof TlvError || error instanceof RangeError) return new Uint8Array(0);
    throw error;
  }
}
