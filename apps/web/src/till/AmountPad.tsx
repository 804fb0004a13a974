import { useEffect } from "react";
import { useText } from "../language/index.ts";
import type { Happening } from "./draft.ts";
import { shown } from "./money.ts";

const keys = ["7", "8", "9", "4", "5", "6", "1", "2", "3", "00", "0"] as const;

/** Where a key belongs to what has the focus, not to the pad. */
const typesElsewhere = (target: EventTarget | null): boolean =>
  target instanceof HTMLSelectElement ||
  (target instanceof HTMLInputElement && target.type !== "checkbox");

type Props = {
  readonly minor: string;
  readonly currency: string;
  readonly tell: (happening: Happening) => void;
  readonly onEnter: () => void;
};

/** The amount, typed from the right as on a till, by touch or by keyboard. */
export function AmountPad({ minor, currency, tell, onEnter }: Props) {
  const text = useText();
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || typesElsewhere(event.target)) return;
      if (/^\d$/.test(event.key)) tell({ do: "digits", digits: event.key });
      else if (event.key === "Backspace") tell({ do: "erase" });
      else if (event.key === "Delete") tell({ do: "clear" });
      else if (event.key === "Enter" && !(event.target instanceof HTMLButtonElement)) onEnter();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  });
  return (
    <section className="amount" aria-label={text("amount.pad")}>
      <p className="figure" role="status" aria-label={text("amount.title")}>
        <small>{currency}</small> {shown(minor)}
      </p>
      <div className="keys">
        {keys.map((key) => (
          <button type="button" key={key} onClick={() => tell({ do: "digits", digits: key })}>
            {key}
          </button>
        ))}
        <button
          type="button"
          aria-label={text("amount.erase")}
          onClick={() => tell({ do: "erase" })}
        >
          ⌫
        </button>
      </div>
    </section>
  );
}
