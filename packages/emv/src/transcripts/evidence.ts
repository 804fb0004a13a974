/** What a transcript's cryptograms cover, for recomputing them with an issuer's key. */
import { toHex } from "@tillway/bytes";
import { parseTlv, TlvError, toStore } from "../tlv.ts";
import type { TlvStore } from "../tlv.ts";
import { INS } from "../apdu.ts";
import { panOf } from "./guess.ts";
import { byPosition } from "./prove.ts";
import type { Evidence } from "./prove.ts";
import type { Recorded } from "./terminal.ts";

/**
 * One entry for each cryptogram of the record, in its order. Contactless cards give theirs with GET
 * PROCESSING OPTIONS.
 */
export function evidenceOf(recorded: Recorded): readonly Evidence[] {
  const { card, terminal, cryptograms, said } = recorded;
  const [start] = cryptograms;
  const placed = start && byPosition(card.get("8C") ?? new Uint8Array(0), start.data);
  let values: TlvStore = new Map([
    ...(placed ?? []),
    ...card,
    ...terminal,
    ...(start?.values ?? []),
  ]);
  const pan = panOf(recorded) || trackPan(card);
  const psn = toHex(card.get("5F34") ?? Uint8Array.of(0));
  if (start === undefined) {
    const options = said.findLast(({ command }) => command.ins === INS.getProcessingOptions);
    return [{ pan, psn, values: new Map([...values, ...told(options?.data)]) }];
  }
  return cryptograms.map((entry) => {
    values = new Map([...values, ...entry.values, ...told(entry.answer)]);
    return { pan, psn, values };
  });
}

function trackPan(card: TlvStore): string {
  return toHex(card.get("57") ?? new Uint8Array(0)).split("D")[0] ?? "";
}

/** Counter, cryptogram and issuer application data of an answer in either format. */
function told(answer: Uint8Array | undefined): TlvStore {
  const store = answer === undefined ? new Map<string, Uint8Array>() : storeIn(answer);
  const plain = store.get("80");
  if (plain === undefined) return store;
  return new Map([
    ["9F36", plain.slice(1, 3)],
    ["9F26", plain.slice(3, 11)],
    ["9F10", plain.slice(11)],
  ]);
}

function storeIn(answer: Uint8Array): TlvStore {
  try {
    return toStore(parseTlv(answer));
  } catch (cause) {
    if (cause instanceof TlvError) return new Map();
    throw cause;
  }
}
