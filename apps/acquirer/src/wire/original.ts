/** Which original a follow-up names: by DE 37, or by batch, STAN and date of DE 61. */
import type { Decoded } from "@tillway/iso8583";
import { catalogue, type TransactionName } from "@tillway/transactions";
import { datesOfRrn, type OriginalRow } from "../payments/index.ts";
import type { Terminal } from "../terminals/index.ts";
import type { DeskOptions } from "./counter.ts";

const UNKNOWN = /^0+$/;

/** The original of the same merchant, or undefined. It may be of another of its terminals. */
export async function findOriginal(
  options: DeskOptions,
  terminal: Terminal,
  message: Decoded,
  name: TransactionName | "script result" | "signature",
): Promise<OriginalRow | undefined> {
  const { "37": rrn = "", "38": authorisationCode, "61": place = "" } = message.fields;
  const { bucket, mid: merchant } = terminal.merchant;
  const [batch, stan] = [place.slice(0, 6), place.slice(6, 12)];
  const told = rrn !== "" && !UNKNOWN.test(rrn) && name !== "script result" ? rrn : null;
  if (told === null && name === "signature") return undefined;
  const dates = told === null ? [] : datesOfRrn(told, options.today());
  const named = { terminal: terminal.tid, batch, stan, authorisationCode };
  const query = { bucket, merchant, dates, ...named };
  const found = await options.store.original({ ...query, rrn: told });
  if (!found || told === null || name === "signature") return found;
  // Both names must be of one transaction: a void is of this terminal's own batch.
  const own = name !== "script result" && catalogue[name].openBatch;
  const same = found.standing.batch === batch && found.stan === stan;
  return same || (!own && UNKNOWN.test(batch + stan)) ? found : undefined;
}
