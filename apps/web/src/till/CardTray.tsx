import { useEffect, useState } from "react";
import { useBoth, useText } from "../language/index.ts";
import { read, type Order, type Screen, type TrayCard } from "./screen.ts";

type Props = {
  readonly tid: string;
  readonly screen: Screen;
  readonly send: (order: Order) => void;
};

/** The customer's side: the demonstration cards, one of which may be in the terminal's slot. */
export function CardTray({ tid, screen, send }: Props) {
  const text = useText();
  const both = useBoth();
  const [cards, setCards] = useState<readonly TrayCard[]>([]);
  // A card that was put into a real reader is a card of this list.
  const inReader = screen.card === "reader";
  useEffect(() => {
    read<readonly TrayCard[]>(`/terminals/${tid}/cards`).then(
      (all) => setCards(all ?? []),
      () => setCards([]),
    );
  }, [tid, inReader]);
  if (cards.length === 0) return undefined;
  const asking = screen.phase === "card" && screen.card === null;
  return (
    <section className="tray" aria-labelledby="tray-title">
      <h2 id="tray-title">{text("tray.title")}</h2>
      <p className="quiet">{text("tray.explain")}</p>
      <ul>
        {cards.map((card) => {
          const inserted = screen.card === card.name;
          return (
            <li key={card.name} className={`card ${card.scheme}`} data-inserted={inserted}>
              <span className="label">{both(card.label)}</span>
              <span className="number">{card.maskedPan}</span>
              <span className="purpose">{both(card.purpose)}</span>
              <span className="pin">
                {text("tray.pin")} {card.pin}
              </span>
              <button
                type="button"
                disabled={!inserted && !asking}
                title={!inserted && !asking ? text("tray.waiting") : undefined}
                aria-label={`${text(inserted ? "tray.remove" : "tray.insert")}: ${both(card.label)}`}
                onClick={() =>
                  send(inserted ? { type: "remove" } : { type: "insert", card: card.name })
                }
              >
                {text(inserted ? "tray.remove" : "tray.insert")}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
