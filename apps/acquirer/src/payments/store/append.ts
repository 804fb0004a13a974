/** Rows that a batch appends. One statement for all of them, made from the columns below. */
import { jsonArray, jsonTexts, toInstant, type Sql } from "@tillway/database";
import type { TransactionInsert, Writes } from "../found.ts";
import type { OpenStep } from "../step.ts";
import type { Place } from "../transaction.ts";

type Value = string | number | null;
type Column<Row> = readonly [name: string, type: string, of: (row: Row) => Value];
type Table = { readonly text: string; readonly values: (writes: Writes) => (Value[] | string)[] };

let parameters = 0;

/** An insert from arrays, in the order of the rows; those of jsonb travel as one text. */
function table<Row>(
  name: string,
  rowsOf: (writes: Writes) => readonly Row[],
  columns: readonly Column<Row>[],
): Table {
  const names = columns.map(([column]) => column).join(", ");
  const arrays = columns.map(([, type]) => {
    parameters += 1;
    return type === "jsonb" ? jsonArray(parameters) : `$${parameters}::${type}[]`;
  });
  return {
    text: `insert into ${name} (${names}) select ${names}
      from unnest(${arrays.join(", ")}) with ordinality as u (${names}, place_) order by place_`,
    values: (writes) => {
      const rows = rowsOf(writes);
      return columns.map(([, type, of]) => {
        const values = rows.map(of);
        return type === "jsonb" ? jsonTexts(values.map((one) => one?.toString() ?? null)) : values;
      });
    },
  };
}

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

const placed = <Row>(of: (row: Row) => Place, id: string): Column<Row>[] => [
  ["bucket", "smallint", (row) => of(row).bucket],
  [id, "uuid", (row) => of(row).transaction],
  ["business_date", "date", (row) => of(row).businessDate],
];

const transactions = table("transaction", (writes) => writes.transactions, [
  ...placed(({ step }: TransactionInsert) => step, "id"),
  ["kind", "text", ({ step }) => step.name],
  ["merchant", "text", ({ step }) => step.key.merchant],
  ["terminal", "text", ({ step }) => step.key.terminal],
  ["batch", "text", ({ step }) => step.key.batch],
  ["stan", "text", ({ step }) => step.key.stan],
  ["rrn", "text", ({ step }) => step.rrn],
  ["amount", "bigint", ({ step }) => step.amount.toString()],
  ["tip", "bigint", ({ step }) => step.asked.tip.toString()],
  ["currency", "text", ({ step }) => step.currency],
  ["fee", "bigint", ({ fee }) => fee.toString()],
  ["fee_ppm", "integer", ({ step }) => step.feePpm.toString()],
  ["entry_mode", "text", ({ step }) => step.entryMode],
  ["masked_pan", "text", ({ step }) => step.maskedPan],
  ["pan_token", "text", ({ step }) => step.panToken],
  ["pan_cipher", "text", ({ step }) => step.panCipher],
  ["receiver_cipher", "text", ({ step }) => step.receiverCipher],
  ["network_key", "text", ({ step }) => step.networkKey],
  ["original", "uuid", ({ claims }) => claims.follows?.transaction ?? null],
  ["original_date", "date", ({ claims }) => claims.follows?.businessDate ?? null],
  [
    "draws",
    "jsonb",
    ({ claims: { draws } }) =>
      draws.length === 0
        ? null
        : json(draws.map((one) => ({ ...one, amount: one.amount.toString(), mostAmount: null }))),
  ],
  ["occurred_at", "timestamptz", ({ step }) => toInstant(step.at)],
]);

const flights = table("in_flight", (writes) => writes.takeoffs, [
  ...placed((step: OpenStep) => step, "transaction"),
  ["owner", "text", ({ lease }) => lease.owner],
  ["epoch", "bigint", ({ lease }) => lease.epoch],
  ["lease_until", "timestamptz", ({ leaseUntil }) => toInstant(leaseUntil)],
]);

const events = table("transaction_event", (writes) => writes.events, [
  ...placed(({ place }: Writes["events"][number]) => place, "transaction"),
  ["type", "text", ({ happening }) => happening.type],
  ["state", "text", ({ happening }) => happening.state],
  ["response_code", "text", ({ happening }) => happening.responseCode],
  ["authorisation_code", "text", ({ happening }) => happening.authorisationCode],
  ["reason", "text", ({ happening }) => happening.reason],
  ["settlement_date", "date", ({ happening }) => happening.settlementDate],
  ["part_of", "bigint", ({ happening }) => happening.partOf?.toString() ?? null],
  ["reply", "jsonb", ({ happening }) => json(happening.reply)],
  ["at", "timestamptz", ({ happening }) => toInstant(happening.at)],
]);

const messages = table("kept_message", (writes) => writes.messages, [
  ...placed(({ place }: Writes["messages"][number]) => place, "transaction"),
  ["hop", "text", ({ message }) => message.hop],
  ["message", "jsonb", ({ message }) => json(message.message)],
  ["at", "timestamptz", ({ at }) => toInstant(at)],
]);

const advices = table("advice", (writes) => writes.advices, [
  ...placed((advice: Writes["advices"][number]) => advice, "transaction"),
  ["id", "uuid", ({ id }) => id],
  ["mti", "text", ({ mti }) => mti],
  ["original_key", "text", ({ originalKey }) => originalKey],
  ["network_key", "text", ({ networkKey }) => networkKey],
  ["reason", "text", ({ reason }) => reason],
  ["message", "jsonb", ({ fields }) => json(fields)],
  ["state", "text", () => "pending"],
  ["due_at", "timestamptz", ({ createdAt }) => toInstant(createdAt)],
  ["created_at", "timestamptz", ({ createdAt }) => toInstant(createdAt)],
]);

const outbox = table("outbox", (writes) => writes.outbox, [
  ["bucket", "smallint", ({ bucket }: Writes["outbox"][number]) => bucket],
  ["type", "text", ({ event }) => event.type],
  ["version", "smallint", () => 1],
  ["payload", "jsonb", ({ event }) => json(event.payload)],
  ["occurred_at", "timestamptz", ({ at }) => toInstant(at)],
]);

const STATEMENT = `with transactions as (${transactions.text}), flights as (${flights.text}),
 events as (${events.text}), messages as (${messages.text}), advices as (${advices.text})
${outbox.text}`;

/** Appends everything in one statement; nothing at all costs nothing. */
export async function append(sql: Sql, writes: Writes): Promise<void> {
  const all = [transactions, flights, events, messages, advices, outbox];
  const values = all.flatMap((one) => one.values(writes));
  if (values.every((array) => array.length === 0)) return;
  await sql.query(STATEMENT, values);
}
