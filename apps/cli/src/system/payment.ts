import { CommandError } from "../output.ts";
import { call, findSystem, secret } from "./running.ts";

/** The answer of a terminal to a payment: the JSON of `tillway pay --json`. */
export type PaymentAnswer = Readonly<Record<string, unknown>> & {
  readonly outcome: "approved" | "declined" | "timed-out" | "reversed" | "refused";
  readonly responseCode: string;
  readonly terminal: string;
  readonly stan: string;
  readonly batch: string;
  readonly transaction: string;
  readonly receipt: string;
};

/** A terminal of the running system, reached through its local API. */
export type Device = {
  readonly tid: string;
  readonly get: (path: string) => Promise<unknown>;
  readonly post: (path: string, body?: unknown) => Promise<unknown>;
};

function checked(answer: { readonly status: number; readonly body: unknown }): unknown {
  if (answer.status < 400) return answer.body;
  const { detail, title } = (answer.body ?? {}) as { detail?: string; title?: string };
  throw new CommandError(detail ?? title ?? `the terminal answered ${answer.status}`, {
    error: answer.body,
  });
}

/** The named terminal, or the first one. Throws CommandError where there is no such terminal. */
export async function findDevice(data: string, tid: string | undefined): Promise<Device> {
  const { terminal } = findSystem(data);
  const token = secret(data, "terminal", "pairing-code");
  const all = checked(await call(`${terminal}/terminals`, { token })) as readonly { tid: string }[];
  const found = tid === undefined ? all[0] : all.find((one) => one.tid === tid);
  if (!found) {
    const known = all.map((one) => one.tid).join(", ");
    throw new CommandError(`there is no terminal ${tid ?? ""} here; there are: ${known}`);
  }
  const base = `${terminal}/terminals/${found.tid}`;
  return {
    tid: found.tid,
    get: async (path) => checked(await call(`${base}/${path}`, { token })),
    post: async (path, body) =>
      checked(await call(`${base}/${path}`, { token, method: "POST", body: body ?? {} })),
  };
}

/** All terminals of the running system. */
export async function allDevices(data: string): Promise<Device[]> {
  const { terminal } = findSystem(data);
  const token = secret(data, "terminal", "pairing-code");
  const all = checked(await call(`${terminal}/terminals`, { token })) as readonly { tid: string }[];
  return Promise.all(all.map((one) => findDevice(data, one.tid)));
}

type Listed = {
  readonly id: string;
  readonly terminal: string;
  readonly stan: string;
  readonly batch: string;
  readonly rrn: string;
  readonly amount: string;
  readonly pan: string;
  readonly authorizationCode: string | null;
};

/** An original as an order names it, and what the acquirer knows of it. */
export type Original = {
  readonly original: Readonly<Record<string, string>>;
  readonly terminal?: string;
  readonly amount?: string;
  /** First six and last four digits of its card. */
  readonly pan?: string;
};

/**
 * An original by its reference or id. One that the acquirer does not know is named as it was said:
 * the terminal may know it by its own id.
 */
export async function findOriginal(
  data: string,
  named: { readonly rrn?: string | undefined; readonly id?: string | undefined },
): Promise<Original> {
  const { rrn, id } = named;
  const asSaid = {
    ...(rrn === undefined ? {} : { rrn }),
    ...(id === undefined ? {} : { transaction: id }),
  };
  const { http } = findSystem(data);
  const url = `${http}/api/v1/transactions`;
  const token = secret(data, "api-key");
  const { status, body } =
    rrn === undefined
      ? await call(`${url}/${encodeURIComponent(id ?? "")}`, { token })
      : await call(`${url}?rrn=${encodeURIComponent(rrn)}&limit=1`, { token });
  if (status !== 200) return { original: asSaid };
  const one =
    rrn === undefined ? (body as Listed) : (body as { items: readonly Listed[] }).items[0];
  if (!one) return { original: asSaid };
  const { authorizationCode } = one;
  return {
    original: {
      rrn: one.rrn,
      ...(authorizationCode === null || authorizationCode === "" ? {} : { authorizationCode }),
    },
    terminal: one.terminal,
    amount: one.amount,
    pan: one.pan,
  };
}

/**
 * The answer under the acquirer's id of the transaction, which its API knows. A payment that never
 * reached the acquirer keeps the terminal's own.
 */
export async function knownToAcquirer(data: string, answer: PaymentAnswer): Promise<PaymentAnswer> {
  const { http } = findSystem(data);
  const { terminal, stan, batch } = answer;
  const url = `${http}/api/v1/transactions?terminal=${terminal}&limit=20`;
  const { status, body } = await call(url, { token: secret(data, "api-key") });
  if (status !== 200) return answer;
  const { items } = body as { readonly items: readonly Listed[] };
  const found = items.find((one) => one.stan === stan && one.batch === batch);
  return found ? { ...answer, transaction: found.id } : answer;
}
