/** A reversal (0420) at the bank: undone once, remembered where the original has not come yet. */
import type { Sql } from "@tillway/database";
import { cups, keptFields, type Decoded, type MessageFields } from "@tillway/iso8583";
import { postJournals } from "@tillway/ledger";
import { uuidv7 } from "@tillway/money";
import { findCard, saveCounters } from "../cards/index.ts";
import { transaction } from "../db/index.ts";
import { reversalJournal } from "../ledger/index.ts";
import { matchKey, originalKey } from "../wire/index.ts";
import { addEvent, addReversal, claimKey } from "./store.ts";
import { findAuthorisation, markReversed, type Authorisation } from "./store.ts";
import type { BankContext } from "./context.ts";
import { countersAfterReversal } from "./counters.ts";
import { reversalReply } from "./reply.ts";

/** What a reversal is told: done (or nothing was debited), no such original, another amount. */
type Code = "00" | "25" | "30" | "64";

/** The fields of the 0430 to a 0420 whose MAC is right. Repeats change nothing. */
export async function reverse(context: BankContext, message: Decoded): Promise<MessageFields> {
  const { fields } = message;
  const key = matchKey(fields);
  const original = originalKey(fields["90"]);
  let code: Code = "30";
  if (key !== undefined && original !== undefined) {
    const now = context.clock.now();
    const businessDate = await context.calendar.open(now);
    code = await transaction(context.database, async (sql) => {
      const undone = await undo(context, sql, fields, original, { now, businessDate });
      const { "2": _card, "128": _mac, ...kept } = keptFields(cups, message).fields;
      const reversal = { key, originalKey: original, code: undone, message: kept, at: now };
      await addReversal(sql, reversal);
      return undone;
    });
  }
  context.count(`reversal-${code}`);
  return reversalReply(fields, code);
}

type Occasion = { readonly now: number; readonly businessDate: string };

async function undo(
  context: BankContext,
  sql: Sql,
  fields: MessageFields,
  original: string,
  occasion: Occasion,
): Promise<Code> {
  // Whoever takes the key first decides: an original that comes later finds the tombstone.
  const known = await claimKey(sql, original, "tombstone", occasion.now);
  if (known === "claimed" || known.kind === "tombstone") return "25";
  const authorisation = await findAuthorisation(sql, known, "lock");
  if (authorisation.state !== "approved") return "00";
  const amount = authorisation.amount ?? 0n;
  if (fields["4"] !== amount.toString().padStart(12, "0")) return "64";
  await restore(context, sql, authorisation, amount, occasion);
  return "00";
}

/** Gives the money back, and the day's limit with it. */
async function restore(
  context: BankContext,
  sql: Sql,
  authorisation: Authorisation,
  amount: bigint,
  { now, businessDate }: Occasion,
): Promise<void> {
  const { bucket, id, account } = authorisation;
  const card = await findCard(sql, authorisation.card, "lock");
  if (!card || account === undefined) throw new Error("an approved sale lacks its card");
  const journal = reversalJournal({
    holder: { id: account, bucket, currency: card.currency },
    amount,
    authorisation: id,
    occasion: { id: uuidv7(now, context.random(10)), businessDate, occurredAt: now },
  });
  const [result] = await postJournals(sql, "issuer", [journal]);
  if (result?.code !== "posted") {
    throw new Error(`a reversal could not be posted: ${result?.code ?? "no result"}`);
  }
  const given = countersAfterReversal(card, authorisation.businessDate, amount);
  await saveCounters(sql, card.token, { ...card, ...given });
  await markReversed(sql, authorisation, now);
  await addEvent(sql, {
    bucket,
    type: "transaction-reversed",
    payload: {
      authorisation: id,
      rrn: authorisation.rrn ?? null,
      amount: amount.toString(),
      currency: authorisation.currency,
    },
    at: now,
  });
}
