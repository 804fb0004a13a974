import { useEffect, useRef } from "react";
import { useBoth, useText } from "../language/index.ts";
import { Action } from "./Action.tsx";
import { AmountPad } from "./AmountPad.tsx";
import { amountOf, lackOf, takesAmount, type Draft, type Happening } from "./draft.ts";
import { shown } from "./money.ts";
import { OrderFields } from "./OrderFields.tsx";
import type { OfferedType, TrayCard } from "./terminal.ts";

type Props = {
  readonly draft: Draft;
  readonly offered: OfferedType;
  readonly cards: readonly TrayCard[];
  readonly connected: boolean;
  readonly currency: string;
  readonly tell: (happening: Happening) => void;
  readonly onOrder: () => void;
};

/** The order that is being made: a sale, or whatever the menu chose, with the amount pad. */
export function OrderForm(props: Props) {
  const { draft, offered, connected, currency, tell, onOrder } = props;
  const text = useText();
  const both = useBoth();
  const button = useRef<HTMLButtonElement>(null);
  const { type, original, byHand } = draft;
  const lack = lackOf(draft, offered);
  const reason = !connected ? text("status.screenLost") : lack && text(`lack.${lack}`);
  const order = (): void => {
    if (reason === undefined) onOrder();
  };
  // Digits go to the pad wherever the focus is; Enter goes to this button.
  useEffect(() => {
    if (type !== "sale") button.current?.focus();
  }, [type, original]);
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLInputElement;
      if (event.key === "Escape" && !typing) tell({ do: "clear" });
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [tell]);
  const waits = offered.follows.length > 0 && !original && !byHand;
  return (
    <section className="order" data-type={type}>
      <h2>{both(offered.text)}</h2>
      {waits && <p className="quiet">{text("order.choose")}</p>}
      {original && (
        <p className="original">
          {text("order.of")} {original.entry.currency} {shown(original.entry.amount)} ·{" "}
          {original.entry.maskedPan} · {original.entry.rrn}
        </p>
      )}
      <OrderFields draft={draft} offered={offered} cards={props.cards} tell={tell} />
      {takesAmount(draft, offered) && !waits && (
        <AmountPad minor={draft.minor} currency={currency} tell={tell} onEnter={order} />
      )}
      {original && offered.amount !== "tip" && draft.minor === "" && (
        <p className="whole" role="status">
          {both(offered.text)}: {currency} {shown(amountOf(draft, offered))}
        </p>
      )}
      {original?.most !== undefined && offered.amount !== "same" && (
        <p className="quiet">
          {text("order.most")} {currency} {shown(original.most)}
        </p>
      )}
      <div className="row">
        <button type="button" onClick={() => tell({ do: "clear" })}>
          {text(type === "sale" || draft.minor !== "" ? "amount.clear" : "order.back")}
        </button>
        <Action ref={button} primary reason={reason} onPress={order}>
          {type === "sale" ? text("amount.charge") : both(offered.text)}
        </Action>
      </div>
      <p className="reason" data-lack={lack}>
        {lack !== undefined && !waits && text(`lack.${lack}`)}
      </p>
    </section>
  );
}
