import { useContext, useEffect, useRef } from "react";
import { LanguageContext, useBoth, useText } from "../language/index.ts";
import { AmountPad, shown } from "./AmountPad.tsx";
import { CardTray } from "./CardTray.tsx";
import { useScreen, type Order, type Screen, type Terminal } from "./screen.ts";

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

function Result({ screen }: { readonly screen: Screen }) {
  const text = useText();
  const both = useBoth();
  const { result, receipt } = screen;
  if (!result) return undefined;
  const rows = [
    [text("result.code"), `${result.responseCode} ${both(result.responseText)}`.trim()],
    [text("result.rrn"), result.rrn],
    [text("result.authorization"), result.authorizationCode],
    [text("result.stan"), result.stan],
  ].filter((row): row is [string, string] => Boolean(row[1]));
  return (
    <>
      {result.outcome !== "approved" && <p className="advice">{both(result.advice)}</p>}
      <dl>
        {rows.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {receipt && (
        <img
          className="receipt"
          alt={text("receipt.title")}
          src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(both(receipt.svg))}`}
        />
      )}
    </>
  );
}

type SaleProps = {
  readonly tid: string;
  readonly screen: Screen;
  readonly send: (order: Order) => void;
};

/** One sale from the amount to the receipt, as the terminal leads it. */
function Sale({ tid, screen, send }: SaleProps) {
  const text = useText();
  const action = useRef<HTMLButtonElement>(null);
  const { phase, amount } = screen;
  const over = phase === "result";
  useEffect(() => {
    if (phase !== "pin") action.current?.focus();
  }, [phase]);
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (event.key === "Escape") send({ type: over ? "dismiss" : "cancel" });
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [over, send]);
  return (
    <section className="sale">
      {amount !== undefined && (
        <p className="figure">
          <small>{screen.currency}</small> {shown(amount)}
        </p>
      )}
      {phase === "pin" && <PinPad tid={tid} digits={screen.pinDigits} />}
      {over && <Result screen={screen} />}
      <button
        ref={action}
        type="button"
        className={over ? "primary" : ""}
        onClick={() => send({ type: over ? "dismiss" : "cancel" })}
      >
        {text(over ? "action.newSale" : "action.cancel")}
      </button>
    </section>
  );
}

type Props = { readonly terminal: Terminal; readonly onLanguage: () => void };

/** The terminal's screen and, beside it, the customer's cards. */
export function Till({ terminal, onLanguage }: Props) {
  const text = useText();
  const both = useBoth();
  const { screen, connected, send } = useScreen(terminal.tid);
  const state = !connected
    ? "status.screenLost"
    : screen?.linked === false
      ? "status.offline"
      : screen?.signedIn
        ? "status.online"
        : "status.signingIn";
  return (
    <>
      <header>
        <h1>{both({ en: terminal.merchantName, zh: terminal.merchantNameZh })}</h1>
        <p className="state" data-good={state === "status.online"}>
          {text("status.terminal")} {terminal.tid} · {text(state)}
        </p>
        <button type="button" aria-label={text("app.languageLabel")} onClick={onLanguage}>
          {text("app.language")}
        </button>
      </header>
      {screen && (
        <main>
          <div className="device" data-phase={screen.phase} data-prompt={screen.prompt}>
            <p className="prompt" role="status" aria-live="assertive">
              {text(`prompt.${screen.prompt}`)}
            </p>
            {screen.phase === "idle" ? (
              <AmountPad
                enabled={connected}
                onCharge={(amount) => send({ type: "sale", amount, currency: "CNY" })}
              />
            ) : (
              <Sale tid={terminal.tid} screen={screen} send={send} />
            )}
          </div>
          <CardTray tid={terminal.tid} screen={screen} send={send} />
        </main>
      )}
    </>
  );
}
