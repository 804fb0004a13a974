import { useContext, useEffect, useRef } from "react";
import { LanguageContext, useBoth, useText } from "../language/index.ts";
import { shown } from "./money.ts";
import { Result } from "./Result.tsx";
import type { Order, Screen } from "./screen.ts";
import { Signature } from "./Signature.tsx";
import type { Both } from "./terminal.ts";

/** The PIN pad: the terminal's own document. This page sees how many digits there are, never which. */
function PinPad({ tid, digits }: { readonly tid: string; readonly digits: number }) {
  const text = useText();
  const language = useContext(LanguageContext);
  const frame = useRef<HTMLIFrameElement>(null);
  return (
    <div className="pin">
      <p className="dots" role="status" aria-label={`${digits} ${text("pin.digits")}`}>
        {"●".repeat(digits)}
        {"○".repeat(Math.max(0, 6 - digits))}
      </p>
      <iframe
        ref={frame}
        title={text("pin.title")}
        src={`/terminals/${tid}/pin-pad?lang=${language}`}
        onLoad={() => frame.current?.focus()}
      />
    </div>
  );
}

/** What the one button of a running transaction does: stop it, take the card out, begin anew. */
const actions = {
  running: { order: { type: "cancel" }, label: "action.cancel" },
  signature: { order: { type: "sign", strokes: [] }, label: "sign.paper" },
  remove: { order: { type: "remove" }, label: "action.removeCard" },
  result: { order: { type: "dismiss" }, label: "action.newSale" },
} as const;

function actionAt(phase: Screen["phase"]) {
  const own = phase === "remove" || phase === "result" || phase === "signature";
  return actions[own ? phase : "running"];
}

/** What is asked for, and in the end what was approved of it. */
function taken(amount: string, { result }: Screen): string {
  return (BigInt(amount) - BigInt(result?.rest ?? "0")).toString();
}

type Props = {
  readonly tid: string;
  readonly screen: Screen;
  /** Its name, where it is no sale. */
  readonly name: Both | undefined;
  readonly send: (order: Order) => void;
  readonly onRest: (minor: string) => void;
};

/** A transaction from its order to the receipt, as the terminal leads it. */
export function Running({ tid, screen, name, send, onRest }: Props) {
  const text = useText();
  const both = useBoth();
  const button = useRef<HTMLButtonElement>(null);
  const { phase, amount, type } = screen;
  const action = actionAt(phase);
  useEffect(() => {
    if (phase !== "pin") button.current?.focus();
  }, [phase]);
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (event.key === "Escape") send(action.order);
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [action, send]);
  return (
    <section className="sale">
      {name && <h2>{both(name)}</h2>}
      {amount !== undefined && type !== "balance inquiry" && (
        <p className="figure">
          <small>{screen.currency}</small> {shown(taken(amount, screen))}
        </p>
      )}
      {phase === "pin" && <PinPad tid={tid} digits={screen.pinDigits} />}
      {phase === "signature" && <Signature send={send} />}
      <Result screen={screen} onRest={onRest} />
      <button
        ref={button}
        type="button"
        className={phase === "remove" || phase === "result" ? "primary" : ""}
        onClick={() => send(action.order)}
      >
        {text(action.label)}
      </button>
    </section>
  );
}
