/** What only some cards have: all of it may be left out of a profile. */
import { fromHex } from "@tillway/bytes";
import { parseDol } from "../dol.ts";
import * as check from "../kernel/check.ts";
import type { Problems } from "../kernel/check.ts";
import { TlvError } from "../tlv.ts";
import { faultsIn } from "./faults.ts";
import type { CardFault } from "./faults.ts";

export type AuthenticationMethod = "sda" | "dda" | "cda";

export type ProfileOptions = {
  /** Offline data authentication the card offers; DDA where absent. */
  readonly authentication?: readonly AuthenticationMethod[];
  /** Takes PINs enciphered under its signature key, or under one made for PINs. */
  readonly enciphersPin?: "icc-key" | "pin-key";
  readonly pinTryLimit?: number;
  /** Tag 9F07, 4 hex digits; everything allowed where absent. */
  readonly usage?: string;
  /** Keeps a record of what it approved: how many, and of which data objects (tag 9F4F). */
  readonly log?: { readonly records: number; readonly format: string };
  /** Tags an issuer's script may change by PUT DATA. */
  readonly writable?: readonly string[];
  /** What the card does wrong on purpose, for tests of terminals. */
  readonly faults?: readonly CardFault[];
};

/** Limits of offline transactions as scripts and GET DATA know them; M/Chip and the others. */
export const WRITABLE_TAGS = ["9F14", "9F23", "9F54", "9F58", "9F59"] as const;

/** The optional members of a profile; absent ones stay absent. */
export function parseOptions(entry: Record<string, unknown>, problems: Problems): ProfileOptions {
  const at = <Value>(name: string, read: (value: unknown) => Value): Value | undefined =>
    check.optional(entry[name], read);
  return present({
    authentication: at("authentication", (value) =>
      check
        .list(value, "authentication", problems)
        .map((method) =>
          check.choice(method, ["sda", "dda", "cda"] as const, "authentication", problems),
        ),
    ),
    enciphersPin: at("enciphersPin", (value) =>
      check.choice(value, ["icc-key", "pin-key"] as const, "enciphersPin", problems),
    ),
    pinTryLimit: at("pinTryLimit", (value) => check.integer(value, 1, 15, "pinTryLimit", problems)),
    usage: at("usage", (value) => check.hex(value, 2, 2, "usage", problems)),
    log: at("log", (value) => logIn(value, problems)),
    writable: at("writable", (value) =>
      check
        .list(value, "writable", problems)
        .map((tag) => check.choice(tag, WRITABLE_TAGS, "writable", problems)),
    ),
    faults: at("faults", (value) => faultsIn(value, problems)),
  });
}

type Maybe<Shape> = { readonly [Name in keyof Shape]: Shape[Name] | undefined };

/** The members that have a value. */
function present(options: Maybe<Required<ProfileOptions>>): ProfileOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

function logIn(value: unknown, problems: Problems): { records: number; format: string } {
  const entry = check.object(value, "log", problems);
  return {
    records: check.integer(entry["records"], 1, 30, "log.records", problems),
    format: dataObjectList(entry["format"], "log.format", problems),
  };
}

/** A list of tags and lengths in hex. */
export function dataObjectList(value: unknown, path: string, problems: Problems): string {
  const text = check.hex(value, 0, 250, path, problems);
  try {
    parseDol(fromHex(text));
  } catch (cause) {
    if (!(cause instanceof TlvError)) throw cause;
    problems.push(`${path}: tags and lengths`);
  }
  return text;
}
