/** UnionPay's application parameters as terminals download them (unionpay-terminal-params). */
import { toHex } from "@tillway/bytes";
import { parseTlv, TlvError, toStore } from "../tlv.ts";
import type { CombinationConfiguration } from "./configuration.ts";
import { DEFAULT_COMBINATIONS } from "./defaults.ts";

export type ParsedParameters =
  | { readonly ok: true; readonly combination: CombinationConfiguration }
  | { readonly ok: false; readonly problem: string };

/**
 * One application's parameters (tags 9F06, 9F09, DF01, DF11 to DF13, DF18 to DF21) put over the
 * default row; data objects that are absent leave the default. Never throws.
 */
export function unionpayParameters(
  bytes: Uint8Array,
  base: CombinationConfiguration | undefined = DEFAULT_COMBINATIONS[0],
): ParsedParameters {
  let store: ReadonlyMap<string, Uint8Array>;
  try {
    store = toStore(parseTlv(bytes));
  } catch (cause) {
    if (!(cause instanceof TlvError)) throw cause;
    return { ok: false, problem: "parameters: data objects" };
  }
  const hex = (tag: string): string | undefined => {
    const value = store.get(tag);
    return value === undefined ? undefined : toHex(value);
  };
  const aid = hex("9F06");
  if (base === undefined || aid === undefined || aid.length < 10 || aid.length > 32) {
    return { ok: false, problem: "parameters: 9F06 of 5 to 16 bytes" };
  }
  const wrong = [...LENGTHS].find(
    ([tag, length]) => (hex(tag)?.length ?? length * 2) !== length * 2,
  );
  if (wrong !== undefined) return { ok: false, problem: `parameters: ${wrong[0]}` };
  const amounts = ["DF19", "DF20", "DF21"].find((tag) => !/^\d*$/.test(hex(tag) ?? ""));
  if (amounts !== undefined) return { ok: false, problem: `parameters: ${amounts}, digits` };
  const amount = (tag: string): string | undefined => {
    const digits = hex(tag);
    return digits === undefined ? undefined : BigInt(digits).toString();
  };
  const { limits, actionCodes } = base;
  return {
    ok: true,
    combination: {
      ...base,
      aid,
      // Application selection indicator: 00 lets longer names match, 01 wants the very name.
      partialMatch: hex("DF01") === undefined ? base.partialMatch : hex("DF01") === "00",
      version: hex("9F09") ?? base.version,
      actionCodes: {
        default: hex("DF11") ?? actionCodes.default,
        online: hex("DF12") ?? actionCodes.online,
        denial: hex("DF13") ?? actionCodes.denial,
      },
      onlinePin: hex("DF18") === undefined ? base.onlinePin : hex("DF18") === "01",
      limits: {
        ...limits,
        ...optional("transaction", amount("DF20")),
        ...optional("cvm", amount("DF21")),
        ...optional("floor", amount("DF19")),
      },
    },
  };
}

const LENGTHS: ReadonlyMap<string, number> = new Map([
  ["9F09", 2],
  ["DF01", 1],
  ["DF11", 5],
  ["DF12", 5],
  ["DF13", 5],
  ["DF18", 1],
  ["DF19", 6],
  ["DF20", 6],
  ["DF21", 6],
]);

function optional(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value };
}
