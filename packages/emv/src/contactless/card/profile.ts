/** The contactless face of a demonstration card: data files, read and checked at the edge. */
import { fromHex } from "@tillway/bytes";
import type { Bilingual } from "../../card/profile.ts";
import { CRYPTOGRAM_VERSIONS } from "../../card/versions.ts";
import type { AnyCryptogramVersion } from "../../card/versions.ts";
import { parseDol } from "../../dol.ts";
import * as check from "../../kernel/check.ts";
import type { Problems } from "../../kernel/check.ts";
import { TlvError } from "../../tlv.ts";

/** What the card says to readers. Account, PAN, dates and keys are those of the card named. */
export type ContactlessProfile = {
  readonly name: string;
  readonly label: Bilingual;
  readonly purpose: Bilingual;
  /** The demonstration card whose face this is. */
  readonly card: string;
  readonly kernel: 2 | 3 | 7;
  /** Tag 9F2A of the directory entry; "" where there is none. */
  readonly kernelIdentifier: string;
  readonly aid: string;
  readonly applicationLabel: string;
  readonly pdol: string;
  readonly cryptogramVersion: AnyCryptogramVersion;
  /** Kernel 2: magnetic-stripe mode instead of EMV mode. */
  readonly magstripe: boolean;
  /** A phone that verifies its owner. */
  readonly onDevice: boolean;
  /** Tag 9F6C: as it always is, and where the terminal wants a CVM; 4 hex digits each. */
  readonly qualifiers: { readonly always: string; readonly cvmRequired: string };
  /** What the card approves by itself: amounts up to this, so many since it last heard its issuer. */
  readonly offline: { readonly amount: string; readonly transactions: number };
};

export type ParsedContactlessProfile =
  | { readonly ok: true; readonly profile: ContactlessProfile }
  | { readonly ok: false; readonly problems: readonly string[] };

const KERNELS = ["2", "3", "7"] as const;

/** A profile read from JSON; problems as `path: what is allowed`, without values. Never throws. */
export function parseContactlessProfile(json: unknown): ParsedContactlessProfile {
  const problems: Problems = [];
  const entry = check.object(json, "profile", problems);
  const word = (name: string): string =>
    check.pattern(
      entry[name],
      /^[a-z0-9]+(-[a-z0-9]+)*$/,
      "lower case words joined by -",
      name,
      problems,
    );
  const kernel = check.choice(String(entry["kernel"]), KERNELS, "kernel", problems);
  const profile: ContactlessProfile = {
    name: word("name"),
    label: bilingual(entry["label"], "label", problems),
    purpose: bilingual(entry["purpose"], "purpose", problems),
    card: word("card"),
    kernel: kernel === "2" ? 2 : kernel === "3" ? 3 : 7,
    kernelIdentifier: check.hex(entry["kernelIdentifier"], 0, 8, "kernelIdentifier", problems),
    aid: check.hex(entry["aid"], 5, 16, "aid", problems),
    applicationLabel: check.text(entry["applicationLabel"], 1, 16, "applicationLabel", problems),
    pdol: dataObjectList(entry["pdol"], "pdol", problems),
    cryptogramVersion: check.choice(
      entry["cryptogramVersion"],
      CRYPTOGRAM_VERSIONS,
      "cryptogramVersion",
      problems,
    ),
    magstripe: check.flag(entry["magstripe"], "magstripe", problems),
    onDevice: check.flag(entry["onDevice"], "onDevice", problems),
    qualifiers: qualifiersIn(entry["qualifiers"], problems),
    offline: offlineIn(entry["offline"], problems),
  };
  return problems.length === 0 ? { ok: true, profile } : { ok: false, problems };
}

function qualifiersIn(json: unknown, problems: Problems): ContactlessProfile["qualifiers"] {
  const entry = check.object(json, "qualifiers", problems);
  const hex = (name: string): string =>
    check.hex(entry[name], 2, 2, `qualifiers.${name}`, problems);
  return { always: hex("always"), cvmRequired: hex("cvmRequired") };
}

function offlineIn(json: unknown, problems: Problems): ContactlessProfile["offline"] {
  const entry = check.object(json, "offline", problems);
  return {
    amount: check.amount(entry["amount"], "offline.amount", problems),
    transactions: check.integer(entry["transactions"], 0, 255, "offline.transactions", problems),
  };
}

function bilingual(json: unknown, path: string, problems: Problems): Bilingual {
  const entry = check.object(json, path, problems);
  const written = (name: "en" | "zh"): string =>
    check.pattern(
      entry[name],
      /^[^\p{Cc}]{1,200}$/u,
      "1 to 200 characters",
      `${path}.${name}`,
      problems,
    );
  return { en: written("en"), zh: written("zh") };
}

function dataObjectList(value: unknown, path: string, problems: Problems): string {
  const text = check.hex(value, 0, 250, path, problems);
  try {
    parseDol(fromHex(text));
  } catch (cause) {
    if (!(cause instanceof TlvError)) throw cause;
    problems.push(`${path}: tags and lengths`);
  }
  return text;
}
