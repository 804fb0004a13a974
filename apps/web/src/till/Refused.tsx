import { useText, type TextKey } from "../language/index.ts";

/** Why the terminal did not take an order, by its code. */
const texts: Readonly<Record<string, TextKey>> = {
  busy: "refused.busy",
  "bad-amount": "refused.amount",
  "bad-currency": "refused.order",
  "bad-order": "refused.order",
  "bad-card-number": "refused.cardNumber",
  "unknown-original": "refused.unknownOriginal",
  "wrong-original": "refused.wrongOriginal",
  "not-allowed": "reason.notAllowed",
  "unknown-card": "refused.unknownCard",
  "in-use": "pageCard.inUse",
};

export function Refused({ code }: { readonly code: string }) {
  const text = useText();
  // The till itself answers it: the card is read.
  const said = code !== "" && code !== "card-needed";
  return (
    <p role="alert" className="refused">
      {said && text(texts[code] ?? "refused.order")}
    </p>
  );
}
