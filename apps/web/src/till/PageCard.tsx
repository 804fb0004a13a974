import { useEffect, useState } from "react";
import { useBoth, useText } from "../language/index.ts";
import { usePageCard, type Exchange } from "./page-card.ts";
import type { Screen } from "./screen.ts";
import { read, type TrayCard } from "./terminal.ts";

function Exchanges({ exchanges }: { readonly exchanges: readonly Exchange[] }) {
  const text = useText();
  if (exchanges.length === 0) return undefined;
  return (
    <ol className="exchanges" aria-label={text("pageCard.exchanges")} tabIndex={0}>
      {exchanges.map(({ id, command, answer }) => (
        <li key={id}>
          <span>{command}</span>
          <span>{answer && answer.length > 0 && `${answer.length} ${text("pageCard.bytes")}`}</span>
          <span>{answer ? answer.status : "…"}</span>
        </li>
      ))}
    </ol>
  );
}

type Props = { readonly tid: string; readonly screen: Screen };

/** A card that this page itself holds: the terminal reads it over a WebSocket. */
export function PageCard({ tid, screen }: Props) {
  const text = useText();
  const both = useBoth();
  const [cards, setCards] = useState<readonly TrayCard[]>([]);
  const [chosen, setChosen] = useState("");
  const { place, refused, exchanges, insert, takeOut } = usePageCard(tid);
  useEffect(() => {
    read<readonly TrayCard[]>(`/terminals/${tid}/lent-cards`).then(
      (all) => setCards(all ?? []),
      () => setCards([]),
    );
  }, [tid]);
  const card = cards.find((one) => one.name === chosen) ?? cards[0];
  if (!card) return undefined;
  const asking = screen.phase === "card" && screen.card === null;
  const inReader = place === "reader";
  return (
    <section className="tray page-card" aria-labelledby="page-card-title" data-place={place}>
      <h2 id="page-card-title">{text("pageCard.title")}</h2>
      <p className="quiet">{text("pageCard.explain")}</p>
      <label>
        {text("pageCard.card")}
        <select
          value={card.name}
          disabled={inReader}
          onChange={(event) => setChosen(event.target.value)}
        >
          {cards.map((one) => (
            <option key={one.name} value={one.name}>
              {`${both(one.label)} ${one.maskedPan}`}
            </option>
          ))}
        </select>
      </label>
      <p className="quiet">
        {both(card.purpose)} · {text("tray.pin")} {card.pin}
      </p>
      <div className="row">
        {inReader ? (
          <>
            <button type="button" onClick={() => takeOut("tear")}>
              {text("pageCard.tear")}
            </button>
            <button type="button" className="primary" onClick={() => takeOut("detach")}>
              {text("pageCard.takeOut")}
            </button>
          </>
        ) : (
          <button
            type="button"
            className="primary"
            disabled={!asking}
            title={asking ? undefined : text("tray.waiting")}
            onClick={() => insert(card.name)}
          >
            {text("pageCard.insert")}
          </button>
        )}
      </div>
      <p role="status" className="wrong">
        {refused !== "" && text(refused === "in-use" ? "pageCard.inUse" : "pageCard.refused")}
      </p>
      <Exchanges exchanges={exchanges} />
    </section>
  );
}
