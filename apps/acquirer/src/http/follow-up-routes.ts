/** What the API may have done to a transaction: refund, void, completion. */
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply } from "fastify";
import { transactionOf } from "@tillway/transactions";
import { Type, type Static } from "typebox";
import type { Database } from "../db/index.ts";
import { readTransaction, type OriginalRow, type PaymentAnswer } from "../payments/index.ts";
import { apiActions, payByApi, typeOf, type ApiAction, type DeskOptions } from "../wire/index.ts";
import { Id, ProblemSchema, refusals, refuse } from "./problems.ts";
import { TransactionSchema, transactionView } from "./view.ts";

const Body = Type.Object({
  amount: Type.Optional(
    Type.String({
      pattern: "^[1-9][0-9]{0,11}$",
      description: "minor units; what remains where left out",
    }),
  ),
});
const Headers = Type.Object({
  "idempotency-key": Type.String({
    pattern: "^[!-~]{1,64}$",
    description: "the same again with the same content is the same request",
  }),
});

const words: Readonly<Record<ApiAction, string>> = {
  refund: "Gives back the amount or a part of it; forwarded until the network has it",
  void: "Undoes the whole of it, while its terminal's batch is open",
  completion: "Takes what a pre-authorisation holds; forwarded until the network has it",
};

/** Each action is a request of the merchant's virtual terminal; its outcome is in the answer. */
export function followUpRoutes(database: Database, desk: DeskOptions): FastifyPluginAsyncTypebox {
  return async (server) => {
    for (const action of apiActions) {
      const schema = {
        summary: words[action],
        description: "The outcome stands in `state` and `responseCode`, also where it is declined.",
        tags: ["transactions"],
        params: Type.Object({ id: Id }),
        headers: Headers,
        body: Body,
        response: {
          201: TransactionSchema,
          ...refusals,
          409: ProblemSchema,
          422: ProblemSchema,
          503: ProblemSchema,
          504: ProblemSchema,
        },
      };
      server.post(`/transactions/:id/${action}`, { schema }, async (request, reply) => {
        const { params, headers, body } = request;
        const asked = { action, id: params.id, key: headers["idempotency-key"], ...body };
        return act(database, desk, reply, asked);
      });
    }
  };
}

type Asked = {
  readonly action: ApiAction;
  readonly id: string;
  readonly key: string;
  readonly amount?: string;
};

async function act(
  database: Database,
  desk: DeskOptions,
  reply: FastifyReply,
  asked: Asked,
): Promise<Static<typeof TransactionSchema> | FastifyReply> {
  const found = await originalOf(database, desk, asked.id);
  if (!found) return refuse(reply, "not-found", "no transaction has this id");
  const { original, merchantTerminal } = found;
  const name = typeOf(asked.action, original.standing.name);
  if (!name || !merchantTerminal) return refuse(reply, "not-possible");
  const { amount: whole, marks } = original.standing;
  const rest = whole + marks.tip - (asked.action === "refund" ? marks.refunded : 0n);
  const amount = asked.amount === undefined ? rest : BigInt(asked.amount);
  if (amount <= 0n) return refuse(reply, "not-possible", "nothing remains of it");
  const said = await payByApi(desk, {
    name,
    original,
    merchant: merchantTerminal.merchant,
    // A batch that was settled is agreed about: nothing of it is voided any more.
    openBatch: merchantTerminal.settling ? "" : merchantTerminal.batch,
    amount,
    idempotencyKey: asked.key,
  });
  return tell(database, reply, said);
}

async function originalOf(database: Database, desk: DeskOptions, id: string) {
  const row = await database.use((sql) => readTransaction(sql, id));
  if (!row || transactionOf(row.kind) === undefined) return undefined;
  const { bucket, merchant, rrn, terminal, batch, stan, businessDate } = row;
  const query = { bucket, merchant, rrn, terminal, batch, stan, dates: [businessDate] };
  const original: OriginalRow | undefined = await desk.store.original(query);
  if (!original) return undefined;
  // A void needs the batch that is open now, whatever was read before.
  const merchantTerminal = await desk.terminals.find(terminal, true);
  return { original, merchantTerminal };
}

async function tell(
  database: Database,
  reply: FastifyReply,
  said: PaymentAnswer,
): Promise<Static<typeof TransactionSchema> | FastifyReply> {
  switch (said.kind) {
    case "answer": {
      const row = await database.use((sql) => readTransaction(sql, said.place.transaction));
      if (!row) return refuse(reply, "internal");
      return reply.code(201).send(transactionView(row));
    }
    case "refused":
      return refuse(reply, "conflict", "this Idempotency-Key was used for another request");
    case "failed":
    case "overloaded":
      return refuse(reply, "busy");
    case "again":
    case "no-answer":
      return refuse(reply, "no-answer");
  }
}
