/** What a played transcript has to say under the names that published transcripts use. */
import { concat, fromHex, toHex } from "@tillway/bytes";
import { deriveIccKey } from "@tillway/keys";
import { transactionDataHash } from "../../oda/combined.ts";
import { valuesOf } from "../../kernel/state.ts";
import { iccKeyOf, issuerKeyOf } from "../../kernel/keys.ts";
import { readTemplate } from "../../kernel/turn.ts";
import type { Tap } from "../state.ts";
import { byPosition, recompute } from "../../transcripts/prove.ts";
import { hexOf } from "./read.ts";
import type { Recording, Transcript } from "./read.ts";
import type { Replay } from "./replay.ts";

/** What was played, and the published text or flag to compare with. */
type Played = {
  readonly tap: Tap;
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly recording: Recording;
  readonly replay: Replay;
  readonly published: Readonly<Record<string, unknown>>;
};

/** The published outputs by what became of them. */
export type Compared = {
  readonly reproduced: readonly string[];
  readonly differing: readonly string[];
  /** Notes, descriptions, and what is no data of a transaction. */
  readonly notCompared: readonly string[];
};

export function compareOutputs(
  { outputs }: Transcript,
  recording: Recording,
  replay: Replay,
): Compared {
  const reproduced: string[] = [];
  const differing: string[] = [];
  const notCompared: string[] = [];
  const { tap } = replay;
  for (const [name, published] of Object.entries(outputs)) {
    const compute = OUTPUTS.get(name) ?? byTag(name);
    if (compute === undefined) {
      notCompared.push(name);
      continue;
    }
    const values = tap && valuesOf(tap.emv);
    const made = tap && values && compute({ tap, values, recording, replay, published: outputs });
    (same(made, published) ? reproduced : differing).push(name);
  }
  return { reproduced, differing, notCompared };
}

/** Texts regardless of case; one that its publisher cut short is compared as far as it goes. */
function same(computed: string | boolean | undefined, published: unknown): boolean {
  if (typeof computed === "string" && typeof published === "string") {
    const text = published.toUpperCase();
    if (text.endsWith("…")) return computed.toUpperCase().startsWith(text.slice(0, -1));
    return computed.toUpperCase() === text;
  }
  return computed !== undefined && computed === published;
}

type Compute = (played: Played) => string | boolean | undefined;

const tag =
  (name: string): Compute =>
  ({ values }) =>
    hexOf(values, name);

const passed = ({ replay }: Played): boolean => replay.outcome.authentication.result === "passed";

/** Names that end in a tag, for example availableOfflineAmount9F5D. */
function byTag(name: string): Compute | undefined {
  const found = /([0-9A-F]{2}|[0-9A-F]{4})$/.exec(name)?.[1];
  return found === undefined || /^[a-z]*$/.test(name) ? undefined : tag(found);
}

const OUTPUTS: ReadonlyMap<string, Compute> = new Map<string, Compute>([
  ["aid", ({ tap }) => hexOf(tap.emv.card, "84")],
  ["aip", tag("82")],
  ["afl", tag("94")],
  ["pan", ({ replay }) => replay.outcome.pan],
  ["psn", ({ replay }) => replay.outcome.psn],
  ["expiry", tag("5F24")],
  ["atc", tag("9F36")],
  ["iad", tag("9F10")],
  ["ac", tag("9F26")],
  ["cid", tag("9F27")],
  ["tvr", tag("95")],
  ["tsi", tag("9B")],
  ["ttq", tag("9F66")],
  ["ctq", tag("9F6C")],
  ["track2", ({ replay }) => replay.request?.track2],
  ["cvmResults", tag("9F34")],
  ["outcome", ({ replay }) => outcomeOf(replay)],
  ["capkUsed", ({ tap }) => hexOf(tap.emv.card, "84").slice(0, 10) + hexOf(tap.emv.card, "8F")],
  ["iccCertificateOk", ({ tap }) => iccKeyOf(tap.emv) !== undefined],
  ["cdaOk", passed],
  ["fddaOk", passed],
  ["cdaTransactionDataHashOk", passed],
  // A sentence on what is signed: true where the signature over it is right.
  ["fdda", (played) => (passed(played) ? text(played, "fdda") : undefined)],
  ["issuerModulus", ({ tap }) => toHex(issuerKeyOf(tap.emv)?.modulus ?? new Uint8Array(0))],
  ["iccModulus", ({ tap }) => toHex(iccKeyOf(tap.emv)?.modulus ?? new Uint8Array(0))],
  ["iccDynamicData", dynamicData],
  ["transactionDataHash", dataHash],
  ["cvr", resultsOf],
  ["cryptogramVersion", version],
  ["issuerMasterKeyAC", issuerKeyFits],
  ["iccMasterKeyAC", (played) => cardKey(played, text(played, "issuerMasterKeyAC"))],
  ["cvc3Track2", tag("9F61")],
  ["udolData", checksumData],
]);

function text({ published }: Played, name: string): string {
  const value = published[name];
  return typeof value === "string" ? value : "";
}

function outcomeOf({ outcome }: Replay): string {
  return outcome.path.find((kind) => kind === "online-request") ?? outcome.outcome;
}

/** The dynamic number, and in a combined signature what follows it (Book 2 table 19). */
function dynamicData(played: Played): string {
  const number = played.values.get("9F4C") ?? new Uint8Array(0);
  const head = toHex(concat(Uint8Array.of(number.length), number));
  if (played.replay.outcome.authentication.method !== "cda") return head;
  return head + hexOf(played.values, "9F27") + hexOf(played.values, "9F26") + dataHash(played);
}

function dataHash({ tap, replay }: Played): string {
  const answer = readTemplate(replay.last, "77")?.value;
  if (answer === undefined) return "";
  const said = { pdol: tap.emv.pdolData, cdols: tap.emv.cdolData };
  return toHex(transactionDataHash(said, answer));
}

/** Card verification results inside 9F10, in M/Chip's place or in Visa's. */
function resultsOf({ values, tap }: Played): string {
  const iad = hexOf(values, "9F10");
  return tap.candidate.offer.combination.kernel === 2 ? iad.slice(4, 16) : iad.slice(6, 14);
}

/** "CVN 17 (11): …": the number in brackets is the one in 9F10. */
function version(played: Played): string | undefined {
  const published = text(played, "cryptogramVersion");
  const told = /\(([0-9A-F]{2})\)/.exec(published)?.[1];
  const iad = hexOf(played.values, "9F10");
  const found =
    played.tap.candidate.offer.combination.kernel === 2 ? iad.slice(2, 4) : iad.slice(4, 6);
  return told === undefined || told === found ? published : undefined;
}

function cardKey(played: Played, published: string): string | undefined {
  const issuerKey = /^[0-9A-F]{32}/.exec(published)?.[0];
  const { pan, psn } = played.replay.outcome;
  const derivable = /^\d{8,19}$/.test(pan ?? "") && /^\d\d$/.test(psn ?? "00");
  if (issuerKey === undefined || pan === undefined || !derivable) return undefined;
  return toHex(deriveIccKey(fromHex(issuerKey), pan, psn ?? "00", "A"));
}

/** The published issuer key, where the cryptogram can be made again with it. */
function issuerKeyFits(played: Played): string | undefined {
  const published = text(played, "issuerMasterKeyAC");
  const issuerKey = /^[0-9A-F]{32}/i.exec(published)?.[0];
  const { values, recording, replay } = played;
  const { pan, psn = "00" } = replay.outcome;
  if (issuerKey === undefined || pan === undefined) return undefined;
  // M/Chip covers the first places of CDOL1, whatever the terminal put there.
  const list = values.get("8C") ?? new Uint8Array(0);
  const placed = recording.cdol === undefined ? [] : byPosition(list, recording.cdol);
  const made = [new Map(values), new Map([...values, ...placed])].flatMap((store) =>
    recompute(issuerKey, { pan, psn, values: store }),
  );
  return made.includes(hexOf(values, "9F26")) ? published : undefined;
}

/** The UDOL's values but 9F6A: the recorded terminal sent more digits of it than there are places. */
function checksumData(played: Played): string | undefined {
  const sent = toHex(played.tap.emv.cdolData[0] ?? new Uint8Array(0));
  const published = text(played, "udolData");
  const number = hexOf(played.values, "9F6A");
  const at = sent.indexOf(number);
  const recorded = hexOf(played.recording.said, "9F6A");
  // A trailing 00 of the published text is the command's expected length.
  const bare = published.slice(0, sent.length);
  const placed = number !== "" && at >= 0;
  return placed && sent.replace(number, recorded) === bare ? published : undefined;
}
