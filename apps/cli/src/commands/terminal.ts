import { formatMajor, currency } from "@tillway/money";
import { findDevice } from "../system/payment.ts";
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
};
