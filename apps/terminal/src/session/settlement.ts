/** The end of a batch: totals, their comparison, the upload where they differ (spec §2.5). */
import { currency } from "@tillway/money";
import { catalogue } from "@tillway/transactions";
import type { HostAnswer } from "../host/index.ts";
import type { Journal, JournalTransaction } from "../journal/index.ts";
import { common, operator, type Conversation } from "./management.ts";

export type Side = { readonly count: number; readonly amount: string };
export type Totals = { readonly debit: Side; readonly credit: Side };

/** `balanced` is what the host said; `answer` the last one, which ended it or kept it from ending. */
export type Closed = {
  readonly ended: boolean;
  readonly balanced: boolean;
  readonly totals: Totals;
  readonly uploaded: number;
  readonly answer: HostAnswer;
};

/** What counts for a batch: approved, and of a type that has a side. */
function counted(entries: readonly JournalTransaction[]): JournalTransaction[] {
  return entries.filter(
    ({ state, type }) => state === "approved" && catalogue[type].total !== null,
  );
}

/** What an entry adds to its side: of a tip, the tip alone. */
function share({ type, amount, details }: JournalTransaction): bigint {
  return BigInt(catalogue[type].amount === "tip" ? (details["tip"] ?? "0") : amount);
}

/** The totals of a batch by the catalogue's sides. */
export function totalsOf(entries: readonly JournalTransaction[]): Totals {
  const side = (name: "debit" | "credit"): Side => {
    const mine = counted(entries).filter(({ type }) => catalogue[type].total === name);
    const amount = mine.reduce((sum, entry) => sum + share(entry), 0n);
    return { count: mine.length, amount: amount.toString() };
  };
  return { debit: side("debit"), credit: side("credit") };
}

const digits = (value: string | number, length: number): string =>
  String(value).padStart(length, "0");

/** DE 48 of a 0500: the domestic block, then an empty foreign one. */
export function totalsField({ debit, credit }: Totals): string {
  const block = ({ count, amount }: Side): string => digits(amount, 12) + digits(count, 3);
  return `${block(debit)}${block(credit)}0${"0".repeat(31)}`;
}

const perMessage = 8;

/** DE 48 of each 0320: up to eight records of card type, trace, card number, amount. */
export function uploadFields(
  entries: readonly JournalTransaction[],
  panOf: (id: string) => string,
): string[] {
  const records = counted(entries).map((entry) => {
    const pan = panOf(entry.id);
    const kind = pan.startsWith("62") ? "00" : "01";
    return kind + entry.stan + digits(pan, 20) + digits(share(entry).toString(), 12);
  });
  return Array.from({ length: Math.ceil(records.length / perMessage) }, (_, at) => {
    const some = records.slice(at * perMessage, (at + 1) * perMessage);
    return digits(some.length, 2) + some.join("");
  });
}

/**
 * Closes the open batch, or goes on with a close that was begun: its trace numbers are in the
 * journal, so that the host knows a repeated message as such.
 */
export async function closeBatch(talk: Conversation): Promise<Closed> {
  const { journal } = talk;
  const batch = journal.batch();
  const entries = journal.ofBatch(batch);
  const totals = totalsOf(entries);
  const traces = closingTraces(journal);
  const none = { ended: false, balanced: false, totals, uploaded: 0 };
  const money = currency(entries[0]?.currency ?? "CNY")?.numeric ?? "156";
  const say = (mti: string, code: string, fields: Readonly<Record<string, string>>) =>
    talk.exchange({
      mti,
      fields: { ...common(journal, code, batch), "11": traces.next(), ...fields },
    });
  const asked = await say("0500", "201", {
    "48": totalsField(totals),
    "49": money,
    "63": operator,
  });
  const result = resultIn(asked);
  if (result === undefined) {
    // Nothing was begun where the host refuses, or never heard of it.
    if (asked.kind !== "silent") journal.set("closing", "");
    return { ...none, answer: asked };
  }
  const balanced = result === "1";
  const uploads = balanced ? [] : uploadFields(entries, (id) => journal.card(id)?.pan ?? "");
  for (const field48 of uploads) {
    const answer = await say("0320", "201", { "48": field48 });
    if (answer.kind !== "answered") return { ...none, balanced, answer };
  }
  const count = digits(counted(entries).length, 4);
  const answer = await say("0320", balanced ? "207" : "202", { "48": count });
  if (answer.kind !== "answered") return { ...none, balanced, answer };
  journal.closeBatch(batch);
  return { ended: true, balanced, totals, uploaded: uploads.length, answer };
}

/** The result digit of the domestic block; undefined where the answer is a refusal or none. */
function resultIn(answer: HostAnswer): string | undefined {
  if (answer.kind !== "answered") return undefined;
  const { "39": code, "48": totals } = answer.reply.fields;
  if (code !== undefined && code !== "00") return undefined;
  return totals?.length === 62 ? totals.charAt(30) : undefined;
}

/** Whether a batch close was begun and not ended. */
export function isClosing(journal: Journal): boolean {
  return (journal.setting("closing") ?? "") !== "";
}

/** Trace numbers of a close in their order: those that were used before come first. */
function closingTraces(journal: Journal): { readonly next: () => string } {
  const used = (journal.setting("closing") ?? "").split(" ").filter((one) => one !== "");
  let at = 0;
  return {
    next: () => {
      const known = used[at];
      at += 1;
      if (known !== undefined) return known;
      const fresh = journal.nextStan();
      used.push(fresh);
      journal.set("closing", used.join(" "));
      return fresh;
    },
  };
}
