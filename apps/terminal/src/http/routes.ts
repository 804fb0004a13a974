/** The terminal's local API. */
import { Type, type FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { catalogue } from "@tillway/transactions";
import type { FastifyReply } from "fastify";
import type { Device } from "../device.ts";
import type { JournalTransaction } from "../journal/index.ts";
import { followingOf, offeredTypes } from "../payment/index.ts";
import { reprint } from "../receipt/index.ts";
import { parametersOf, totalsOf, type Session } from "../session/index.ts";
import { padDocument, padLanguage, padPolicy } from "../pinpad/index.ts";
import type { Access } from "./access.ts";
import { scriptedOrder, Transaction, transactionAnswer } from "./orders.ts";
import { problem } from "./problems.ts";
import { serveLentCard, servePinPad, serveReader, serveScreen } from "./sockets.ts";

const OfTerminal = Type.Object({ tid: Type.String({ maxLength: 8 }) });

const CardOfTerminal = Type.Object({
  tid: Type.String({ maxLength: 8 }),
  card: Type.String({ maxLength: 64 }),
});

const Listed = Type.Object({
  batch: Type.Optional(Type.String({ pattern: "^[0-9]{6}$" })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
});

const OfTransaction = Type.Object({
  tid: Type.String({ maxLength: 8 }),
  id: Type.String({ maxLength: 64 }),
});

type Options = { readonly devices: ReadonlyMap<string, Device>; readonly access: Access };

const everyTransaction = 100_000;

/** A device by its terminal number; the caller is told where there is none. */
const finder =
  (devices: ReadonlyMap<string, Device>) =>
  (tid: string, reply: FastifyReply): Device | undefined => {
    const device = devices.get(tid);
    if (!device) void problem(reply, "unknown-terminal");
    return device;
  };

/** Routes for paired callers; the caller's right is checked before any of them runs. */
export const deviceRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { devices }) => {
  const find = finder(devices);

  app.get("/terminals", () =>
    [...devices.values()].map(({ identity, session, desk }) => ({
      tid: identity.tid,
      mid: identity.mid,
      merchantName: identity.merchantName,
      merchantNameZh: identity.merchantNameZh,
      signedIn: session.signedIn(),
      linked: desk.screen().linked,
    })),
  );
  app.get(
    "/terminals/:tid/cards",
    { schema: { params: OfTerminal } },
    ({ params }, reply) => find(params.tid, reply)?.tray.list() ?? reply,
  );
  app.post("/terminals/:tid/cards/reload", { schema: { params: OfTerminal } }, (request, reply) => {
    const device = find(request.params.tid, reply);
    if (!device) return reply;
    device.tray.reload();
    return device.tray.list();
  });
};

/** Rows of the journal, each with its name and what may follow it. */
function listed({ journal }: Device, rows: readonly JournalTransaction[]): object[] {
  const followers = journal.followers();
  const standing = {
    batch: journal.batch(),
    parameters: parametersOf(journal.setting("parameters")),
  };
  const followersOf = (rrn: string) => followers.get(rrn) ?? [];
  return rows.map((row) => ({
    ...row,
    text: catalogue[row.type].text,
    following: followingOf(row, followersOf, standing),
  }));
}

/** Transactions: the journal's list, a new one by a script, a receipt once more. */
export const transactionRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { devices }) => {
  const find = finder(devices);
  app.get(
    "/terminals/:tid/transactions",
    { schema: { params: OfTerminal, querystring: Listed } },
    ({ params, query }, reply) => {
      const device = find(params.tid, reply);
      if (!device) return reply;
      const { batch, limit = everyTransaction } = query;
      const { journal } = device;
      if (batch === undefined) return listed(device, journal.transactions(limit));
      return listed(device, journal.ofBatch(batch).toReversed().slice(0, limit));
    },
  );
  app.get("/terminals/:tid/types", { schema: { params: OfTerminal } }, ({ params }, reply) => {
    const device = find(params.tid, reply);
    if (!device) return reply;
    const parameters = parametersOf(device.journal.setting("parameters"));
    return { types: offeredTypes(parameters), manualEntry: parameters.manualEntry };
  });
  app.post(
    "/terminals/:tid/transactions",
    { schema: { params: OfTerminal, body: Transaction } },
    async ({ params, body }, reply) => {
      const device = find(params.tid, reply);
      if (!device) return reply;
      const keyed = (name: string) => device.tray.keyed?.(name);
      const paid = await device.desk.run(scriptedOrder(body, keyed));
      return paid.ok ? transactionAnswer(paid, device.identity) : problem(reply, paid.why);
    },
  );
  app.get(
    "/terminals/:tid/transactions/:id/receipt",
    {
      schema: {
        params: OfTransaction,
        querystring: Type.Object({
          as: Type.Optional(
            Type.Union([Type.Literal("text"), Type.Literal("svg"), Type.Literal("escpos")]),
          ),
          lang: Type.Optional(Type.Union([Type.Literal("en"), Type.Literal("zh")])),
        }),
      },
    },
    ({ params, query }, reply) => {
      const device = find(params.tid, reply);
      if (!device) return reply;
      const kept = device.journal.receipt(params.id);
      if (kept === undefined) return problem(reply, "unknown-transaction");
      const printed = reprint(kept, query.as ?? "text", query.lang ?? "en");
      return reply.type(printed.type).send(printed.content);
    },
  );
};

/** The batch and the line: what is done without a card. */
export const managementRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { devices }) => {
  app.get("/terminals/:tid/batch", { schema: { params: OfTerminal } }, ({ params }, reply) => {
    const device = devices.get(params.tid);
    if (!device) return problem(reply, "unknown-terminal");
    const { journal } = device;
    const batch = journal.batch();
    const waiting = journal.dues().map(({ kind, stan, attempts }) => ({ kind, stan, attempts }));
    return { batch, totals: totalsOf(journal.ofBatch(batch)), waiting };
  });
  const actions: Readonly<Record<string, (session: Session) => Promise<object>>> = {
    "sign-in": (session) => session.signIn(),
    "sign-off": (session) => session.signOff(),
    echo: (session) => session.echo(),
    settle: (session) => session.settle(),
    "download/parameters": (session) => session.download("parameters"),
    "download/ca-keys": (session) => session.download("ca-keys"),
    "download/applications": (session) => session.download("applications"),
    "upload/status": (session) => session.uploadStatus(),
  };
  for (const [path, action] of Object.entries(actions)) {
    app.post(`/terminals/:tid/${path}`, { schema: { params: OfTerminal } }, (request, reply) => {
      const device = devices.get(request.params.tid);
      if (!device) return problem(reply, "unknown-terminal");
      if (device.desk.busy()) return problem(reply, "busy");
      return action(device.session);
    });
  }
};

/** What a screen needs: its socket, and the PIN pad's document. */
export const screenRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { devices, access },
) => {
  app.get(
    "/terminals/:tid/screen",
    { schema: { params: OfTerminal }, websocket: true },
    (socket, { params }) => {
      const device = devices.get(params.tid);
      if (device) serveScreen(socket, device);
      else socket.close(1008, "unknown terminal");
    },
  );
  app.get(
    "/terminals/:tid/pin-pad",
    {
      schema: {
        params: OfTerminal,
        querystring: Type.Object({ lang: Type.Optional(Type.String()) }),
      },
    },
    ({ params, query, headers }, reply) => {
      const device = devices.get(params.tid);
      if (!device) return problem(reply, "unknown-terminal");
      // A page's own scripts cannot set this header: only a frame or a person gets the ticket.
      const wanted = headers["sec-fetch-dest"];
      if (wanted !== undefined && wanted !== "iframe" && wanted !== "document") {
        return problem(reply, "foreign-origin", "the PIN pad is shown in a frame of its own");
      }
      return reply
        .header("content-security-policy", padPolicy(access.origins))
        .header("cache-control", "no-store")
        .type("text/html; charset=utf-8")
        .send(padDocument(padLanguage(query.lang), access.ticket(device.identity.tid)));
    },
  );
};

/** Cards over WebSockets: the reader, and a simulated card for a page to put into it. */
export const cardRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { devices }) => {
  app.get(
    "/terminals/:tid/reader",
    { schema: { params: OfTerminal }, websocket: true },
    (socket, { params }) => {
      const device = devices.get(params.tid);
      if (device) serveReader(socket, device);
      else socket.close(1008, "unknown terminal");
    },
  );
  app.get("/terminals/:tid/lent-cards", { schema: { params: OfTerminal } }, ({ params }, reply) => {
    const device = devices.get(params.tid);
    return device ? device.cards.list() : problem(reply, "unknown-terminal");
  });
  app.get(
    "/terminals/:tid/lent-cards/:card",
    { schema: { params: CardOfTerminal }, websocket: true },
    (socket, { params }) => {
      const device = devices.get(params.tid);
      if (device) serveLentCard(socket, device, params.card);
      else socket.close(1008, "unknown terminal");
    },
  );
};

/** The PIN pad's socket: its document has no cookie and no origin, but a ticket. */
export const padSocket: FastifyPluginAsyncTypebox<Options> = async (app, { devices, access }) => {
  app.get(
    "/terminals/:tid/pin-pad/input",
    {
      schema: { params: OfTerminal, querystring: Type.Object({ ticket: Type.String() }) },
      websocket: true,
    },
    (socket, { params, query }) => {
      const device = devices.get(params.tid);
      if (device && access.useTicket(params.tid, query.ticket)) servePinPad(socket, device);
      else socket.close(1008, "the PIN pad's ticket is not good");
    },
  );
};
