/** A caller of the terminal's local API, with the pairing code of its data folder. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Terminals } from "../src/app.ts";
import { cardName, tid, until, type Demonstration } from "./demonstration.ts";

export type Api = {
  readonly base: string;
  readonly code: string;
  readonly get: (path: string) => Promise<{ status: number; body: unknown }>;
  readonly post: (path: string, body?: unknown) => Promise<{ status: number; body: unknown }>;
  readonly pay: (more?: Record<string, string>) => Promise<Record<string, unknown>>;
  readonly transactions: () => Promise<readonly Record<string, unknown>[]>;
  readonly signedIn: () => Promise<void>;
};

export function apiOf({ data }: Demonstration, { addresses }: Terminals): Api {
  const code = readFileSync(join(data, "terminal/pairing-code"), "utf8").trim();
  const base = addresses.http;
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${code}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  };
  const get: Api["get"] = (path) => call("GET", path);
  const post: Api["post"] = (path, body) => call("POST", path, body ?? {});
  return {
    base,
    code,
    get,
    post,
    pay: async (more = {}) => {
      const order = {
        type: "sale",
        amount: "2580",
        currency: "CNY",
        entry: "chip",
        card: cardName,
      };
      const { body } = await post(`/terminals/${tid}/transactions`, { ...order, ...more });
      return body as Record<string, unknown>;
    },
    transactions: async () =>
      (await get(`/terminals/${tid}/transactions`)).body as readonly Record<string, unknown>[],
    signedIn: () =>
      until(async () => {
        const { body } = await get("/terminals");
        return (body as readonly { signedIn: boolean }[])[0]?.signedIn === true;
      }, "sign-in"),
  };
}
