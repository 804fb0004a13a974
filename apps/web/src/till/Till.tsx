import { useContext, useEffect, useRef } from "react";
import { LanguageContext, useBoth, useText } from "../language/index.ts";
import { AmountPad, shown } from "./AmountPad.tsx";
import { CardTray } from "./CardTray.tsx";
import { PageCard } from "./PageCard.tsx";
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
    [text("result.code"), result.responseCode],
    [text("result.rrn"), result.rrn],
    [text("result.authorization"), result.authorizationCode],
    [text("result.stan"), result.stan],
  ].filter((row): row is [string, string] => Boolean(row[1]));
  return (
    <>
      <p className="outcome" data-outcome={result.outcome} role="status">
        {both(result.responseText)}
      </p>
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

/** What the one button of a running sale does: stop it, take the card out, begin anew. */
const actions = {
  running: { type: "cancel", label: "action.cancel" },
  remove: { type: "remove", label: "action.removeCard" },
  result: { type: "dismiss", label: "action.newSale" },
} as const;

/** One sale from the amount to the receipt, as the terminal leads it. */
function Sale({ tid, screen, send }: SaleProps) {
  const text = useText();
  const button = useRef<HTMLButtonElement>(null);
  const { phase, amount } = screen;
  const action = actions[phase === "remove" || phase === "result" ? phase : "running"];
  useEffect(() => {
    if (phase !== "pin") button.current?.focus();
  }, [phase]);
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (event.key === "Escape") send({ type: action.type });
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [action, send]);
  return (
    <section className="sale">
      {amount !== undefined && (
        <p className="figure">
          <small>{screen.currency}</small> {shown(amount)}
        </p>
      )}
      {phase === "pin" && <PinPad tid={tid} digits={screen.pinDigits} />}
      <Result screen={screen} />
      <button
        ref={button}
        type="button"
        className={action.type === "cancel" ? "" : "primary"}
        onClick={() => send({ type: action.type })}
      >
        {text(action.label)}
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
        <button type="button" lang={text("app.otherLanguage")} onClick={onLanguage}>
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
                onCharge={(amount) =>
                  send({ type: "begin", order: { type: "sale", amount, currency: "CNY" } })
                }
              />
            ) : (
              <Sale tid={terminal.tid} screen={screen} send={send} />
            )}
          </div>
          <div className="customer">
            <CardTray tid={terminal.tid} screen={screen} send={send} />
            <PageCard tid={terminal.tid} screen={screen} />
          </div>
        </main>
      )}
    </>
  );
}
