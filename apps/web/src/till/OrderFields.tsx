import { useBoth, useText } from "../language/index.ts";
import type { ByHand, Draft, Happening } from "./draft.ts";
import type { OfferedType, TrayCard } from "./terminal.ts";

type Tell = (happening: Happening) => void;

const hand = [
  ["rrn", "hand.rrn", 12],
  ["date", "hand.date", 4],
  ["authorizationCode", "hand.authorization", 6],
] as const;

/** An original of another day or terminal, copied from its receipt. */
function HandFields({ byHand, tell }: { readonly byHand: ByHand; readonly tell: Tell }) {
  const text = useText();
  return (
    <fieldset>
      <legend>{text("hand.title")}</legend>
      {hand.map(([name, label, length]) => (
        <label key={name}>
          {text(label)}
          <input
            value={byHand[name]}
            maxLength={length}
            autoComplete="off"
            onChange={(event) => tell({ do: "hand", byHand: { [name]: event.target.value } })}
          />
        </label>
      ))}
    </fieldset>
  );
}

const periods = [3, 6, 12, 24];

function PlanFields({ draft, tell }: { readonly draft: Draft; readonly tell: Tell }) {
  const text = useText();
  return (
    <fieldset className="beside">
      <legend>{text("plan.title")}</legend>
      <label>
        {text("plan.periods")}
        <select
          value={draft.periods}
          onChange={({ target }) =>
            tell({ do: "set", to: { periods: Number.parseInt(target.value, 10) } })
          }
        >
          {periods.map((count) => (
            <option key={count}>{count}</option>
          ))}
        </select>
      </label>
      <label>
        {text("plan.payer")}
        <select
          value={draft.payer}
          onChange={({ target }) =>
            tell({ do: "set", to: { payer: target.value === "merchant" ? "merchant" : "holder" } })
          }
        >
          <option value="holder">{text("plan.holder")}</option>
          <option value="merchant">{text("plan.merchant")}</option>
        </select>
      </label>
    </fieldset>
  );
}

type Receiver = {
  readonly receiver: string;
  readonly cards: readonly TrayCard[];
  readonly tell: Tell;
};

/** Where a transfer goes: a number that is typed, or a card of the tray. */
function ReceiverFields({ receiver, cards, tell }: Receiver) {
  const text = useText();
  const both = useBoth();
  const set = (to: string): void => tell({ do: "set", to: { receiver: to } });
  const known = cards.some(({ name }) => name === receiver);
  return (
    <fieldset className="beside">
      <legend>{text("transfer.title")}</legend>
      <label>
        {text("transfer.card")}
        <select value={known ? receiver : ""} onChange={({ target }) => set(target.value)}>
          <option value="">{text("transfer.none")}</option>
          {cards.map(({ name, label }) => (
            <option key={name} value={name}>
              {both(label)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {text("transfer.number")}
        <input
          value={known ? "" : receiver}
          inputMode="numeric"
          maxLength={19}
          autoComplete="off"
          onChange={({ target }) => set(target.value)}
        />
      </label>
    </fieldset>
  );
}

type Props = {
  readonly draft: Draft;
  readonly offered: OfferedType;
  readonly cards: readonly TrayCard[];
  readonly tell: Tell;
};

/** What an order needs beside its amount. */
export function OrderFields({ draft, offered, cards, tell }: Props) {
  const text = useText();
  const { type, byHand, original, receiver } = draft;
  return (
    <>
      {byHand && <HandFields byHand={byHand} tell={tell} />}
      {type === "instalment sale" && <PlanFields draft={draft} tell={tell} />}
      {type === "transfer" && <ReceiverFields receiver={receiver} cards={cards} tell={tell} />}
      {original && (
        <label className="switch">
          <input
            type="checkbox"
            checked={draft.readCard}
            onChange={({ target }) => tell({ do: "set", to: { readCard: target.checked } })}
          />
          {text("order.readCard")}
        </label>
      )}
      {offered.type === "sale" && (
        <label className="switch">
          <input
            type="checkbox"
            checked={draft.partial}
            onChange={({ target }) => tell({ do: "set", to: { partial: target.checked } })}
          />
          {text("order.partial")}
        </label>
      )}
    </>
  );
}
