import { useState } from "react";
import { useText } from "../language/index.ts";
import { Action } from "./Action.tsx";

/** A card number that is typed, or that of a card of the tray. */
export type Keyed = { readonly pan: string; readonly expiry: string } | { readonly card: string };

type Props = {
  readonly reason: string | undefined;
  readonly onKeyed: (keyed: Keyed) => void;
};

/** A card whose number is typed: it lies before the cashier, or its holder tells it. */
export function KeyedCard({ reason, onKeyed }: Props) {
  const text = useText();
  const [pan, setPan] = useState("");
  const [expiry, setExpiry] = useState("");
  const complete = /^\d{12,19}$/.test(pan) && /^\d{4}$/.test(expiry);
  const why = reason ?? (complete ? undefined : text("keyed.incomplete"));
  return (
    <fieldset className="keyed">
      <legend>{text("keyed.title")}</legend>
      <label>
        {text("keyed.number")}
        <input
          value={pan}
          inputMode="numeric"
          maxLength={19}
          autoComplete="off"
          onChange={({ target }) => setPan(target.value.replace(/\D/g, ""))}
        />
      </label>
      <label>
        {text("keyed.expiry")}
        <input
          value={expiry}
          inputMode="numeric"
          maxLength={4}
          autoComplete="off"
          onChange={({ target }) => setExpiry(target.value.replace(/\D/g, ""))}
        />
      </label>
      <Action
        reason={why}
        onPress={() => {
          onKeyed({ pan, expiry });
          setPan("");
          setExpiry("");
        }}
      >
        {text("keyed.use")}
      </Action>
    </fieldset>
  );
}
