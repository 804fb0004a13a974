/** Who may speak to the devices: a paired screen or whoever knows the pairing code. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "@tillway/link";
import type { FastifyRequest } from "fastify";

const cookieName = "tillway_terminal";
const mostWrong = 10;
const wrongMs = 60_000;
const ticketMs = 60_000;

export type Access = {
  /** Whether the request carries the pairing code or a paired screen's cookie. */
  readonly allowed: (request: FastifyRequest) => boolean;
  /** Whether its Origin, where it has one, is one of ours. */
  readonly knownOrigin: (request: FastifyRequest) => boolean;
  /** A cookie for a screen that knows the code; otherwise why not. */
  readonly pair: (code: string) => { readonly cookie: string } | "wrong" | "too-many";
  /** A ticket that opens one PIN pad socket of this device, once, within a minute. */
  readonly ticket: (tid: string) => string;
  readonly useTicket: (tid: string, ticket: string) => boolean;
  readonly origins: readonly string[];
};

export function createAccess(options: {
  readonly pairingCode: string;
  readonly origins: readonly string[];
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
}): Access {
  const { clock, origins, random } = options;
  // Derived, so that a cookie stays good over a restart and does not give the code away.
  const token = digest(options.pairingCode, "screen");
  const tickets = new Map<string, { readonly tid: string; readonly until: number }>();
  let wrong: readonly number[] = [];

  return {
    origins,
    knownOrigin: ({ headers: { origin } }) => origin === undefined || origins.includes(origin),
    allowed: ({ headers }) => {
      const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
      if (bearer !== undefined) return same(normal(bearer), normal(options.pairingCode));
      const cookie = cookieOf(headers.cookie ?? "");
      return cookie !== undefined && same(cookie, token);
    },
    pair: (code) => {
      const now = clock.now();
      wrong = wrong.filter((at) => now - at < wrongMs);
      if (wrong.length >= mostWrong) return "too-many";
      if (!same(normal(code), normal(options.pairingCode))) {
        wrong = [...wrong, now];
        return "wrong";
      }
      return { cookie: `${cookieName}=${token}; HttpOnly; SameSite=Strict; Path=/` };
    },
    ticket: (tid) => {
      const now = clock.now();
      for (const [old, { until }] of tickets) if (until < now) tickets.delete(old);
      const ticket = Buffer.from(random(16)).toString("hex");
      tickets.set(ticket, { tid, until: now + ticketMs });
      return ticket;
    },
    useTicket: (tid, ticket) => {
      const found = tickets.get(ticket);
      tickets.delete(ticket);
      return found !== undefined && found.tid === tid && found.until >= clock.now();
    },
  };
}

/** A pairing code: 16 letters and digits of 5 bits each, none of them easily mistaken. */
export function makePairingCode(random: (length: number) => Uint8Array): string {
  const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  const text = Array.from(random(16), (byte) => alphabet.charAt(byte % 32)).join("");
  return text.replace(/(.{4})(?=.)/g, "$1-");
}

/** As typed by people: case, spaces and dashes do not matter. */
function normal(code: string): string {
  return code.toUpperCase().replace(/[\s-]/g, "");
}

function digest(key: string, text: string): string {
  return createHmac("sha256", normal(key)).update(text).digest("hex");
}

/** Equality in a time that tells nothing: of digests, as texts of other lengths are compared too. */
function same(one: string, other: string): boolean {
  const bytes = (text: string): Buffer => createHmac("sha256", "same").update(text).digest();
  return timingSafeEqual(bytes(one), bytes(other));
}

function cookieOf(header: string): string | undefined {
  for (const part of header.split(";")) {
    const [name, value] = part.trim().split("=");
    if (name === cookieName) return value;
  }
  return undefined;
}
