import { randomBytes } from "node:crypto";
import { toHex } from "@tillway/bytes";
import { formatMajor, currency } from "@tillway/money";
import type { Given } from "../arguments.ts";
import { CommandError, table } from "../output.ts";
import { findDevice } from "../system/payment.ts";
import { runOnce } from "../system/process.ts";
import { call, findSystem, secret } from "../system/running.ts";
import { scriptOf } from "../system/script.ts";
import type { Command } from "./command.ts";

type Side = { readonly count: number; readonly amount: string };

type Answer = {
  readonly outcome: string;
  readonly responseCode?: string;
  readonly batch?: string;
  readonly balanced?: boolean;
  readonly totals?: { readonly debit: Side; readonly credit: Side };
  readonly count?: number;
};

/** A management message that a terminal sends when told to. */
function management(name: string, path: string, meaning: string): Command {
  return {
    words: `${name} [--terminal TID]`,
    meaning,
    flags: { terminal: { takes: "TID", meaning: "the terminal (default: the first)" } },
    run: async (given, { data }) => {
      const device = await findDevice(data, given.value("terminal"));
      const answer = (await device.post(path)) as Answer;
      return {
        exit: answer.outcome === "approved" ? 0 : 2,
        text: [`${device.tid}: ${name} ${said(answer)}`, ...totalLines(answer)].join("\n"),
        json: { terminal: device.tid, ...answer },
      };
    },
  };
}

function said({ outcome, responseCode, count }: Answer): string {
  const code = responseCode === undefined || responseCode === "" ? "" : ` ${responseCode}`;
  return `${outcome}${code}${count === undefined ? "" : `, ${count} received`}`;
}

/** What a batch close agreed on. */
function totalLines({ batch, balanced, totals }: Answer): string[] {
  const cny = currency("CNY");
  if (!totals || !cny) return [];
  const line = (name: string, { count, amount }: Side): string =>
    `${name} ${count} of CNY ${formatMajor({ minor: BigInt(amount), currency: cny })}`;
  return [
    `batch ${batch ?? ""}: ${balanced === true ? "balanced" : "not balanced, uploaded"}`,
    line("debit ", totals.debit),
    line("credit", totals.credit),
  ];
}

type Registered = {
  readonly tid: string;
  readonly merchantName: string;
  readonly state: string;
  readonly batch: string;
  readonly software: string | null;
  readonly hardware: string | null;
  readonly seenAt: string | null;
};

/** One call to the acquirer's API; throws CommandError with its sentence where it refuses. */
async function acquirer(
  data: string,
  path: string,
  method: "GET" | "POST" = "GET",
): Promise<unknown> {
  const url = `${findSystem(data).http}/api/v1/terminals${path}`;
  const { status, body } = await call(url, { token: secret(data, "api-key"), method });
  if (status < 400) return body;
  const { detail, title } = (body ?? {}) as { detail?: string; title?: string };
  throw new CommandError(detail ?? title ?? `the acquirer answered ${status}`, { error: body });
}

function onlyTid(given: Given): string {
  const [tid] = given.rest;
  if (given.rest.length !== 1 || tid === undefined) throw new CommandError("name one terminal");
  return tid;
}

const list: Command = {
  words: "terminal list",
  meaning: "the terminals that the acquirer knows, and how they are",
  flags: {},
  run: async (_given, { data }) => {
    const terminals: Registered[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const from = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = (await acquirer(data, `?limit=200${from}`)) as {
        readonly items: readonly Registered[];
        readonly nextCursor: string | null;
      };
      terminals.push(...page.items);
      cursor = page.nextCursor;
    }
    const rows = terminals.map((one) => [
      one.tid,
      one.state,
      `batch ${one.batch}`,
      one.software ?? "",
      one.seenAt ?? "not seen",
      one.merchantName,
    ]);
    return { exit: 0, text: table(rows), json: { terminals } };
  },
};

function locking(action: "lock" | "unlock", meaning: string): Command {
  return {
    words: `terminal ${action} TID`,
    meaning,
    flags: {},
    run: async (given, { data }) => {
      const path = `/${encodeURIComponent(onlyTid(given))}/${action}`;
      const terminal = (await acquirer(data, path, "POST")) as Registered;
      return { exit: 0, text: `${terminal.tid}: ${terminal.state}`, json: { terminal } };
    },
  };
}

/**
 * The fresh key travels as two components of a transport key and a block under it: from the
 * acquirer's own script to the device's local API, as from a key loader over its cable.
 */
const inject: Command = {
  words: "terminal inject TID",
  meaning: "gives a terminal a fresh master key, also after its sensor erased the old one",
  flags: {},
  run: async (given, around) => {
    const device = await findDevice(around.data, onlyTid(given));
    const { tid } = device;
    const { database } = findSystem(around.data);
    const part = scriptOf(around, "acquirer", database ?? around.environment.DATABASE_URL);
    const transportComponents = [0, 1].map(() => toHex(randomBytes(16)));
    const made = await runOnce(part, "inject.ts", { tid, transportComponents });
    const { tmkBlock, kcv } = made;
    const taken = (await device.post("keys", { transportComponents, tmkBlock })) as Injected;
    if (taken.kcv !== kcv) {
      throw new CommandError(`check values differ: acquirer ${String(kcv)}, device ${taken.kcv}`);
    }
    const { outcome } = taken.signIn;
    return {
      exit: outcome === "approved" ? 0 : 2,
      text: `${tid}: master key injected, check value ${taken.kcv}; sign-in ${outcome}`,
      json: { terminal: tid, kcv: taken.kcv, signIn: taken.signIn },
    };
  },
};

type Injected = { readonly kcv: string; readonly signIn: Answer };

/** By their names. */
export const terminalCommands: Readonly<Record<string, Command>> = {
  "sign-in": management("sign-in", "sign-in", "a terminal asks for fresh working keys"),
  "sign-off": management("sign-off", "sign-off", "a terminal ends its session"),
  echo: management("echo", "echo", "a terminal asks the acquirer whether it is there"),
  settle: management("settle", "settle", "a terminal closes its batch"),
  "download parameters": management(
    "download parameters",
    "download/parameters",
    "a terminal fetches its parameters",
  ),
  "download ca-keys": management(
    "download ca-keys",
    "download/ca-keys",
    "a terminal fetches the keys of certification authorities",
  ),
  "download applications": management(
    "download applications",
    "download/applications",
    "a terminal fetches the parameters of card applications",
  ),
  "upload status": management("upload status", "upload/status", "a terminal tells its state"),
  "terminal list": list,
  "terminal lock": locking("lock", "the acquirer refuses a terminal's payments from now on"),
  "terminal unlock": locking("unlock", "the acquirer takes a locked terminal's payments again"),
  "terminal inject": inject,
};
