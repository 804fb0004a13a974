/** Everything a played transcript tells, under the names that published transcripts use. */
import { fromHex, toHex } from "@tillway/bytes";
import { deriveIccKey } from "@tillway/keys";
import { readIad } from "../card/cryptogram.ts";
import type { TlvStore } from "../tlv.ts";
import { observeKeys, observeVerdicts } from "./authentication.ts";
import type { Observed } from "./authentication.ts";
import { hexOf, opened } from "./play.ts";
import type { Play } from "./play.ts";
import { evidenceOf } from "./evidence.ts";
import { recompute, versionsOf } from "./prove.ts";
import type { Recording } from "./recording.ts";
import type { Recorded } from "./terminal.ts";

/** Published names by the tag the kernel has them under, first and second cryptogram. */
const CRYPTOGRAM = { "": "9F26", Cid: "9F27", Iad: "9F10", Atc: "9F36" } as const;

/** What the play reproduces. `published` names an issuer's key, where one is to be proven. */
export function observe(
  recording: Recording,
  recorded: Recorded,
  played: Play,
  published: Readonly<Record<string, unknown>>,
): Observed {
  const observed: Observed = new Map();
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined) observed.set(name, value);
  };
  const { outcome, last } = played;
  const first = played.first ?? last;
  put("aid", outcome.aid);
  put("pan", outcome.pan);
  put("psn", outcome.psn);
  put("aip", hexOf(last, "82"));
  put("afl", hexOf(last, "94"));
  put("expiry", hexOf(last, "5F24"));
  put("label", outcome.label);
  put("outcome", outcome.result);
  put("tvr", hexOf(first, "95"));
  put("tsi", outcome.tsi);
  for (const [suffix, tag] of Object.entries(CRYPTOGRAM)) {
    const name = suffix.toLowerCase();
    put(name === "" ? "ac" : name, hexOf(first, tag));
    put(`ac1${suffix}`, hexOf(first, tag));
    if (played.cryptograms > 1) put(`ac2${suffix}`, hexOf(last, tag));
  }
  put("cvr", cvrIn(first));
  put("ac1Cvr", cvrIn(first));
  put("ac1Tvr", hexOf(first, "95"));
  if (played.cryptograms > 1) {
    put("ac2Cvr", cvrIn(last));
    put("ac2Tvr", outcome.tvr);
  }
  observeKeys(recording, recorded, observed);
  observeVerdicts(recording, recorded, played, observed);
  observePin(recording, played, observed);
  observeIssuerKey(recorded, played, published, observed);
  return observed;
}

/** Card verification results out of the issuer application data, in the form that fits. */
function cvrIn(store: TlvStore): string | undefined {
  const iad = store.get("9F10");
  const [version] = iad === undefined ? [] : versionsOf(iad);
  const cvr = iad && version && readIad(version, iad)?.cvr;
  return cvr === undefined ? undefined : toHex(cvr);
}

/** What the kernel enciphered for the card, opened with the test card's own key. */
function observePin({ iccKey }: Recording, { enciphered }: Play, observed: Observed): void {
  const clear = iccKey && enciphered && opened(iccKey, enciphered);
  if (clear !== undefined) observed.set("encipheredPinPlaintext", toHex(clear));
}

/**
 * An issuer's master key that the publisher names: it is the right one where every recorded
 * cryptogram comes out of it, over what the recorded terminal sent.
 */
function observeIssuerKey(
  recorded: Recorded,
  played: Play,
  published: Readonly<Record<string, unknown>>,
  observed: Observed,
): void {
  const claim = published["issuerMasterKeyAC"];
  const key = typeof claim === "string" ? /^[0-9A-F]{32}/i.exec(claim)?.[0] : undefined;
  if (key === undefined) return;
  const pan = played.outcome.pan ?? "";
  const psn = played.outcome.psn ?? "00";
  const evidence = evidenceOf(recorded);
  const stores =
    played.cryptograms > 1 ? [played.first, played.last] : [played.first ?? played.last];
  const proven = stores.every((store, at) => {
    const made = evidence[at] === undefined ? [] : recompute(key, evidence[at]);
    return made.includes(hexOf(store, "9F26") ?? "");
  });
  if (!proven || pan === "") return;
  observed.set("issuerMasterKeyAC", key.toUpperCase());
  observed.set("psnUsed", psn);
  observed.set("iccMasterKeyAC", toHex(deriveIccKey(fromHex(key), pan, psn, "A")));
}
