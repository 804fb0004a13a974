/** The transaction data a combined signature proves (Book 2 §6.6), for card and terminal alike. */
import { createHash } from "node:crypto";
import { concat, equal } from "@tillway/bytes";
import { splitTlv, TlvError } from "../tlv.ts";
import { verifyCda } from "./recover.ts";
import type { CombinedData } from "./recover.ts";
import type { RsaPublicKey } from "./rsa.ts";

/** What both sides said before the answer, in the order in which it was said. */
export type TransactionData = {
  /** Values of the PDOL, empty where the card has none. */
  readonly pdol: Uint8Array;
  /** Values of CDOL1, and at the second GENERATE AC of CDOL2 after it. */
  readonly cdols: readonly Uint8Array[];
};

/**
 * SHA-1 over the transaction's data and the answer to GENERATE AC without its signature. `answer`
 * is the content of template 77 as the card encodes it: the hash is over its very bytes.
 * Throws TlvError where it is malformed.
 */
export function transactionDataHash(said: TransactionData, answer: Uint8Array): Uint8Array {
  const others = splitTlv(answer).flatMap(({ tag, whole }) => (tag === "9F4B" ? [] : [whole]));
  const data = concat(said.pdol, ...said.cdols, ...others);
  return new Uint8Array(createHash("sha1").update(data).digest());
}

/** Why a combined signature proves nothing. */
export type CombinedFault = "malformed" | "signature" | "transaction" | "cid";

export type CombinedResult =
  | { readonly ok: true; readonly proven: CombinedData }
  /** `proven` where the signature itself is right: its type of cryptogram counts (Book 4 §6.3.2). */
  | { readonly ok: false; readonly fault: CombinedFault; readonly proven?: CombinedData };

/** Checks the whole of Book 2 §6.6.2: signature, transaction data hash, cryptogram information. */
export function checkCombined(input: {
  readonly iccKey: RsaPublicKey;
  readonly unpredictableNumber: Uint8Array;
  readonly said: TransactionData;
  /** Content of template 77. */
  readonly answer: Uint8Array;
}): CombinedResult {
  const objects = readObjects(input.answer);
  const signature = objects?.get("9F4B");
  const cid = objects?.get("9F27")?.[0];
  if (signature === undefined || cid === undefined) return { ok: false, fault: "malformed" };
  const { iccKey, unpredictableNumber } = input;
  const opened = verifyCda({ iccKey, signature, unpredictableNumber });
  if (!opened.ok) return { ok: false, fault: "signature" };
  const { iccDynamicNumber, cryptogram, transactionDataHash: told } = opened;
  const proven = { iccDynamicNumber, cryptogram, transactionDataHash: told, cid: opened.cid };
  if (proven.cid !== cid) return { ok: false, fault: "cid", proven };
  const made = transactionDataHash(input.said, input.answer);
  return equal(made, told) ? { ok: true, proven } : { ok: false, fault: "transaction", proven };
}

function readObjects(answer: Uint8Array): Map<string, Uint8Array> | undefined {
  try {
    return new Map(splitTlv(answer).map(({ tag, value }) => [tag, value]));
  } catch (cause) {
    if (cause instanceof TlvError) return undefined;
    throw cause;
  }
}
