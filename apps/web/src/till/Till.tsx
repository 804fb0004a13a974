import { useBoth, useText } from "../language/index.ts";
import { useTray } from "./books.ts";
import { CardTray } from "./CardTray.tsx";
import { Cashier } from "./Cashier.tsx";
import { useCounter, type Line } from "./counter.ts";
import { OrderForm } from "./OrderForm.tsx";
import { PageCard } from "./PageCard.tsx";
import { Refused } from "./Refused.tsx";
import { Running } from "./Running.tsx";
import { useScreen, type Screen } from "./screen.ts";
import type { Terminal } from "./terminal.ts";

function stateOf(connected: boolean, screen: Screen | undefined) {
  if (!connected) return "status.screenLost";
  if (screen?.linked === false) return "status.offline";
  return screen?.signedIn ? "status.online" : "status.signingIn";
}

type Props = { readonly terminal: Terminal; readonly onLanguage: () => void };

/** The terminal's screen and, beside it, the cashier's menu and the customer's cards. */
export function Till({ terminal, onLanguage }: Props) {
  const text = useText();
  const both = useBoth();
  const { tid } = terminal;
  const { screen, ...line } = useScreen(tid);
  const state = stateOf(line.connected, screen);
  return (
    <>
      <header>
        <h1>{both({ en: terminal.merchantName, zh: terminal.merchantNameZh })}</h1>
        <p className="state" data-good={state === "status.online"}>
          {text("status.terminal")} {tid} · {text(state)}
        </p>
        <button type="button" lang={text("app.otherLanguage")} onClick={onLanguage}>
          {text("app.language")}
        </button>
      </header>
      {screen && <Desk tid={tid} screen={screen} line={line} />}
    </>
  );
}

type DeskProps = { readonly tid: string; readonly screen: Screen; readonly line: Line };

function Desk({ tid, screen, line }: DeskProps) {
  const text = useText();
  const counter = useCounter(tid, screen, line);
  const cards = useTray(tid, screen.card === "reader");
  const { offer, offered, key } = counter;
  const { connected, refused, send } = line;
  const idle = screen.phase === "idle";
  const waits = key ? undefined : text("tray.waiting");
  const notTyped = offer?.manualEntry === false ? text("reason.notAllowed") : waits;
  return (
    <main>
      <div className="device" data-phase={screen.phase} data-prompt={screen.prompt}>
        <p className="prompt" role="status" aria-live="assertive">
          {text(`prompt.${screen.prompt}`)}
        </p>
        <Refused code={refused} />
        {!idle && (
          <Running
            tid={tid}
            screen={screen}
            name={offer?.types.find(({ type }) => type === screen.type)?.text}
            send={send}
            onRest={counter.collectRest}
          />
        )}
        {idle && offered && (
          <OrderForm
            draft={counter.draft}
            offered={offered}
            cards={cards}
            connected={connected}
            currency={counter.currency}
            tell={counter.tell}
            onOrder={counter.order}
          />
        )}
      </div>
      <div className="customer">
        {idle && (
          <Cashier tid={tid} counter={counter} connected={connected} linked={screen.linked} />
        )}
        <CardTray
          cards={cards}
          screen={screen}
          notTyped={notTyped}
          onKeyed={(keyed) => key?.(keyed)}
          send={send}
        />
        <PageCard tid={tid} screen={screen} />
      </div>
    </main>
  );
}
