import { useEffect, useState } from "react";
import { useText } from "../language/index.ts";

const MOST_DIGITS = 10;
const keys = ["7", "8", "9", "4", "5", "6", "1", "2", "3", "00", "0"] as const;

/** Minor units as a decimal amount: "2580" → "25.80". */
export function shown(minor: string): string {
  const digits = minor.padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

type Props = { readonly enabled: boolean; readonly onCharge: (minor: string) => void };

/** The amount, typed from the right as on a till, by touch or by keyboard. */
export function AmountPad({ enabled, onCharge }: Props) {
  const text = useText();
  const [minor, setMinor] = useState("");
  const type = (digits: string): void =>
    setMinor((before) => {
      const after = (before + digits).replace(/^0+/, "");
      return after.length > MOST_DIGITS ? before : after;
    });
  const erase = (): void => setMinor((before) => before.slice(0, -1));
  const chargeable = enabled && minor !== "";
  const charge = (): void => {
    if (chargeable) onCharge(minor);
  };

  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^\d$/.test(event.key)) type(event.key);
      else if (event.key === "Backspace") erase();
      else if (event.key === "Delete" || event.key === "Escape") setMinor("");
      else if (event.key === "Enter" && !(event.target instanceof HTMLButtonElement)) charge();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  });

  return (
    <section className="amount" aria-label={text("amount.pad")}>
      <p className="figure" role="status" aria-label={text("amount.title")}>
        <small>CNY</small> {shown(minor)}
      </p>
      <div className="keys">
        {keys.map((key) => (
          <button type="button" key={key} onClick={() => type(key)}>
            {key}
          </button>
        ))}
        <button type="button" aria-label={text("amount.erase")} onClick={erase}>
          ⌫
        </button>
      </div>
      <div className="row">
        <button type="button" onClick={() => setMinor("")}>
          {text("amount.clear")}
        </button>
        <button type="button" className="primary" disabled={!chargeable} onClick={charge}>
          {text("amount.charge")}
        </button>
      </div>
    </section>
  );
}
