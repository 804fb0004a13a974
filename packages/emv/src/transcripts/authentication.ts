/** Data authentication of a recorded card: what its certificates hold, and what the kernel made of it. */
import { concat, fromHex, toHex } from "@tillway/bytes";
import {
  recoverIccKey,
  recoverIssuerKey,
  staticDataToAuthenticate,
  verifyCda,
  verifyDda,
} from "../oda/recover.ts";
import type { CertifiedKey, SignedRecord } from "../oda/recover.ts";
import { INS } from "../apdu.ts";
import { hasBit, TVR_BITS } from "../tvr.ts";
import type { TvrBit } from "../tvr.ts";
import { findTlv, parseTlv, TlvError } from "../tlv.ts";
import { caKeyOf, dateOf, panOf } from "./guess.ts";
import { hexOf, play } from "./play.ts";
import type { Play } from "./play.ts";
import type { Recording } from "./recording.ts";
import type { Recorded } from "./terminal.ts";

const NOTHING = new Uint8Array(0);

/** Names and values as published transcripts have them; what is not known is absent. */
export type Observed = Map<string, string | boolean>;

/** Certificates: which keys they prove. */
export function observeKeys(recording: Recording, recorded: Recorded, observed: Observed): void {
  const { card, aid } = recorded;
  const ca = caKeyOf(recording, recorded);
  if (ca === undefined || !card.has("90")) return;
  const at = { pan: panOf(recorded), date: dateOf(recording, recorded) };
  const issuer = recoverIssuerKey({
    ...at,
    caKey: { modulus: fromHex(ca.modulus), exponent: fromHex(ca.exponent) },
    certificate: card.get("90") ?? NOTHING,
    exponent: card.get("9F32") ?? NOTHING,
    remainder: card.get("92"),
  });
  observed.set("issuerKeyRecovered", issuer.ok);
  if (!issuer.ok) return;
  observed.set("capkUsed", aid.slice(0, 10) + ca.index);
  observed.set("issuerModulus", toHex(issuer.key.modulus));
  const data = staticDataToAuthenticate({
    records: signedRecords(recorded),
    tagList: card.get("9F4A"),
    aip: card.get("82") ?? NOTHING,
  });
  if (!data.ok || !card.has("9F46")) return;
  const icc = recoverIccKey({
    ...at,
    issuerKey: issuer.key,
    certificate: card.get("9F46") ?? NOTHING,
    exponent: card.get("9F47") ?? NOTHING,
    remainder: card.get("9F48"),
    staticData: data.data,
  });
  observed.set("iccKeyRecovered", icc.ok);
  observed.set("iccCertificateOk", icc.ok);
  if (icc.ok) observeSignatures(recorded, icc, observed);
}

/** Records that the file locator marks for authentication, as the card answered them. */
function signedRecords({ card, said }: Recorded): SignedRecord[] {
  const locator = card.get("94") ?? NOTHING;
  const records: SignedRecord[] = [];
  for (let at = 0; at < locator.length; at += 4) {
    const [file = 0, first = 0, , signed = 0] = locator.subarray(at, at + 4);
    for (let number = first; number < first + signed; number += 1) {
      const read = said.findLast(
        ({ command, sw }) =>
          sw === 0x9000 &&
          command.ins === INS.readRecord &&
          command.p1 === number &&
          command.p2 >> 3 === file >> 3,
      );
      records.push({ sfi: file >> 3, data: read?.data ?? NOTHING });
    }
  }
  return records;
}

/** Signatures the card made: over the terminal's number, or with its cryptogram. */
function observeSignatures(recorded: Recorded, icc: CertifiedKey, observed: Observed): void {
  observed.set("iccModulus", toHex(icc.key.modulus));
  const dynamic = recorded.said.findLast(({ command }) => command.ins === INS.internalAuthenticate);
  if (dynamic !== undefined) {
    const signature = signatureIn(dynamic.data);
    const dda =
      signature && verifyDda({ iccKey: icc.key, signature, ddolData: dynamic.command.data });
    if (dda?.ok === true) {
      const number = dda.iccDynamicNumber;
      observed.set("iccDynamicNumber", toHex(number));
      observed.set("iccDynamicData", toHex(concat(Uint8Array.of(number.length), number)));
    }
  }
  for (const { signed, answer, values } of recorded.cryptograms) {
    const signature = signed ? signatureIn(answer) : undefined;
    const unpredictableNumber = values.get("9F37") ?? recorded.terminal.get("9F37") ?? NOTHING;
    const cda = signature && verifyCda({ iccKey: icc.key, signature, unpredictableNumber });
    if (cda?.ok !== true || observed.has("transactionDataHash")) continue;
    const number = cda.iccDynamicNumber;
    const parts = [
      Uint8Array.of(number.length),
      number,
      Uint8Array.of(cda.cid),
      cda.cryptogram,
      cda.transactionDataHash,
    ];
    observed.set("iccDynamicNumber", toHex(number));
    observed.set("iccDynamicData", toHex(concat(...parts)));
    observed.set("transactionDataHash", toHex(cda.transactionDataHash));
  }
}

/** Tag 9F4B, with a tag of its own or as the content of template 80. */
function signatureIn(answer: Uint8Array): Uint8Array | undefined {
  try {
    const nodes = parseTlv(answer);
    return findTlv(nodes, "9F4B")?.value ?? findTlv(nodes, "80")?.value;
  } catch (cause) {
    if (cause instanceof TlvError) return undefined;
    throw cause;
  }
}

/** 9F33 byte 3 of a terminal with one method only, and what it would find wrong. */
const METHODS: readonly (readonly [string, number, TvrBit])[] = [
  ["sda", 0x80, "sdaFailed"],
  ["dda", 0x40, "ddaFailed"],
  ["cda", 0x08, "cdaFailed"],
];

/**
 * The kernel's verdict by each method the card offers: SDA is played at a terminal that has only
 * that; for the others the play itself tells, where the record has them.
 */
export function observeVerdicts(
  recording: Recording,
  recorded: Recorded,
  best: Play,
  observed: Observed,
): void {
  for (const [name, authentication, bit] of METHODS) {
    const own = name === "sda";
    if (own ? !recorded.card.has("93") : !wasUsed(name, recorded)) continue;
    const played = own ? play(recording, recorded, { ...best.guess, authentication }) : best;
    const right = !failed(played, bit) && performed(played);
    observed.set(`${name}Ok`, right);
    if (name === "cda") observed.set("cdaTransactionDataHashOk", right && best.combined);
    const code = hexOf(played.last, "9F45");
    if (own && right && code !== undefined) observed.set("dataAuthenticationCode", code);
    const number = recorded.authenticationNumber ?? hexOf(recorded.terminal, "9F37");
    if (right && !own) observed.set("oda", `${name.toUpperCase()} ok over UN ${number ?? ""}`);
  }
}

function wasUsed(name: string, { dynamic, cryptograms }: Recorded): boolean {
  return name === "dda" ? dynamic : cryptograms.some(({ signed }) => signed);
}

function failed({ outcome }: Play, bit: TvrBit): boolean {
  return hasBit(fromHex(outcome.tvr), TVR_BITS[bit]);
}

function performed({ outcome }: Play): boolean {
  return !hasBit(fromHex(outcome.tvr), TVR_BITS.authenticationNotPerformed);
}
