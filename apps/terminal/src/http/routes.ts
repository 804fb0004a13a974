/** The terminal's local API. */
import { Type, type FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply } from "fastify";
import type { Device } from "../device.ts";
import { padDocument, padLanguage, padPolicy } from "../pinpad/index.ts";
import type { Access } from "./access.ts";
import { payAnswer } from "./pay-answer.ts";
import { problem } from "./problems.ts";
import { serveLentCard, servePinPad, serveReader, serveScreen } from "./sockets.ts";

const OfTerminal = Type.Object({ tid: Type.String({ maxLength: 8 }) });

const CardOfTerminal = Type.Object({
  tid: Type.String({ maxLength: 8 }),
  card: Type.String({ maxLength: 64 }),
});

const Payment = Type.Object({
  type: Type.Literal("sale"),
  amount: Type.String({ maxLength: 12 }),
  currency: Type.String({ maxLength: 3 }),
  entry: Type.Optional(Type.Literal("chip")),
  card: Type.String({ maxLength: 64 }),
  pin: Type.Optional(Type.String({ pattern: "^[0-9]{4,12}$" })),
});

type Options = { readonly devices: ReadonlyMap<string, Device>; readonly access: Access };

const everyTransaction = 100_000;

/** Routes for paired callers; the caller's right is checked before any of them runs. */
export const deviceRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { devices }) => {
  const find = (tid: string, reply: FastifyReply): Device | undefined => {
    const device = devices.get(tid);
    if (!device) void problem(reply, "unknown-terminal");
    return device;
  };

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
  app.get("/terminals/:tid/transactions", { schema: { params: OfTerminal } }, (request, reply) => {
    const device = find(request.params.tid, reply);
    return device ? device.journal.transactions(everyTransaction) : reply;
  });
  app.post(
    "/terminals/:tid/payments",
    { schema: { params: OfTerminal, body: Payment } },
    async ({ params, body }, reply) => {
      const device = find(params.tid, reply);
      if (!device) return reply;
      const paid = await device.desk.pay(body);
      return paid.ok ? payAnswer(paid, device.identity) : problem(reply, paid.why);
    },
  );
  for (const action of ["signIn", "echo"] as const) {
    const path = action === "signIn" ? "sign-in" : "echo";
    app.post(`/terminals/:tid/${path}`, { schema: { params: OfTerminal } }, (request, reply) => {
      const device = find(request.params.tid, reply);
      if (!device) return reply;
      if (device.desk.busy()) return problem(reply, "busy");
      return device.session[action]();
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
