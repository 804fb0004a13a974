import { useState, type SubmitEvent } from "react";
import { useText } from "../language/index.ts";
import { pair } from "./terminal.ts";

/** Asks for the pairing code that `start` printed. */
export function Pairing({ onPaired }: { readonly onPaired: () => Promise<void> }) {
  const text = useText();
  const [code, setCode] = useState("");
  const [wrong, setWrong] = useState(false);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    pair(code.trim()).then(
      (right) => (right ? void onPaired() : setWrong(true)),
      () => setWrong(true),
    );
  };
  return (
    <main className="pairing">
      <form onSubmit={submit}>
        <h1>{text("pairing.title")}</h1>
        <p>{text("pairing.explain")}</p>
        <label>
          {text("pairing.code")}
          <input
            value={code}
            autoComplete="off"
            aria-invalid={wrong}
            onChange={(event) => setCode(event.target.value)}
          />
        </label>
        <p role="alert" className="wrong">
          {wrong && text("pairing.wrong")}
        </p>
        <button type="submit" className="primary">
          {text("pairing.submit")}
        </button>
      </form>
    </main>
  );
}
