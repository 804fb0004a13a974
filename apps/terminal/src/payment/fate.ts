/** What becomes of a transaction whose outcome is unknown: the catalogue's word, promises told apart. */
import { catalogue, type TransactionName } from "@tillway/transactions";

export type Fate = "reversal" | "advice" | "promise" | "nothing";

export function fateOf(type: TransactionName): Fate {
  const { undo, issuing } = catalogue[type];
  // A promise that nobody confirms moves nothing.
  if (issuing === "promise") return "promise";
  switch (undo) {
    case "reversal":
      return "reversal";
    case "repeat":
      return "advice";
    case "never":
      return "nothing";
  }
}

/** Whether only the card's number is wanted: an advice is repeated, its card is not asked again. */
export function identifies(type: TransactionName): boolean {
  return fateOf(type) === "advice";
}
