import { useState } from "react";
import { useBoth, useText } from "../language/index.ts";
import { Action } from "./Action.tsx";
import { KeyedCard, type Keyed } from "./KeyedCard.tsx";
import type { Order, Screen } from "./screen.ts";
import type { TrayCard } from "./terminal.ts";
import { waysAt, type Ways } from "./ways.ts";

type Send = (order: Order) => void;

type CardProps = {
  readonly card: TrayCard;
  readonly ways: Ways;
  readonly inserted: boolean;
  readonly held: readonly string[];
  readonly onHold: (name: string) => void;
  /** Why its number cannot be typed; undefined where it can. */
  readonly notTyped: string | undefined;
  readonly onType: () => void;
  readonly send: Send;
};

/** One card and every way in which it can be presented. */
function Card({ card, ways, inserted, held, onHold, notTyped, onType, send }: CardProps) {
  const text = useText();
  const both = useBoth();
  const { name, label, faces = [] } = card;
  const named = (way: string, of = label): string => `${way}: ${both(of)}`;
  const waiting = (able: boolean): string | undefined => (able ? undefined : text("tray.waiting"));
  const tap = text(ways.unlock ? "tray.unlock" : "tray.tap");
  return (
    <li className={`card ${card.scheme}`} data-inserted={inserted}>
      <span className="label">{both(label)}</span>
      <span className="number">{card.maskedPan}</span>
      <span className="purpose">{both(card.purpose)}</span>
      <span className="pin">
        {text("tray.pin")} {card.pin}
      </span>
      <div className="ways">
        <Action
          label={named(text(inserted ? "tray.remove" : "tray.insert"))}
          reason={inserted ? undefined : waiting(ways.insert)}
          onPress={() => send(inserted ? { type: "remove" } : { type: "insert", card: name })}
        >
          {text(inserted ? "tray.remove" : "tray.insert")}
        </Action>
        <Action
          label={named(text("tray.swipe"))}
          reason={card.stripe === true ? waiting(ways.swipe) : text("tray.noStripe")}
          onPress={() => send({ type: "swipe", card: name })}
        >
          {text("tray.swipe")}
        </Action>
        <Action label={named(text("tray.type"))} reason={notTyped} onPress={onType}>
          {text("tray.type")}
        </Action>
      </div>
      {faces.map((face) => (
        <div className="face" key={face.name}>
          <Action
            label={named(tap, face.label)}
            reason={waiting(ways.tap)}
            onPress={() => send({ type: "tap", cards: [face.name], unlocked: ways.unlock })}
          >
            {tap} · {both(face.label)}
          </Action>
          <label>
            <input
              type="checkbox"
              checked={held.includes(face.name)}
              aria-label={named(text("tray.hold"), face.label)}
              onChange={() => onHold(face.name)}
            />
            {text("tray.both")}
          </label>
        </div>
      ))}
    </li>
  );
}

type Props = {
  readonly cards: readonly TrayCard[];
  readonly screen: Screen;
  /** Why a card number cannot be typed; undefined where it can. */
  readonly notTyped: string | undefined;
  readonly onKeyed: (keyed: Keyed) => void;
  readonly send: Send;
};

/** The customer's side: the demonstration cards, one of which may be in the terminal's slot. */
export function CardTray({ cards, screen, notTyped, onKeyed, send }: Props) {
  const text = useText();
  const [held, setHeld] = useState<readonly string[]>([]);
  if (cards.length === 0) return undefined;
  const ways = waysAt(screen);
  const hold = (name: string): void =>
    setHeld((all) =>
      all.includes(name) ? all.filter((one) => one !== name) : [...all, name].slice(-4),
    );
  const together =
    held.length < 2 ? text("tray.holdTwo") : ways.tap ? undefined : text("tray.waiting");
  return (
    <section className="panel tray" aria-labelledby="tray-title">
      <div className="title">
        <h2 id="tray-title">{text("tray.title")}</h2>
        <Action
          reason={together}
          onPress={() => {
            send({ type: "tap", cards: held });
            setHeld([]);
          }}
        >
          {text("tray.together")}
        </Action>
      </div>
      <p className="quiet">{text("tray.explain")}</p>
      <ul>
        {cards.map((card) => (
          <Card
            key={card.name}
            card={card}
            ways={ways}
            inserted={screen.card === card.name}
            held={held}
            onHold={hold}
            notTyped={notTyped}
            onType={() => onKeyed({ card: card.name })}
            send={send}
          />
        ))}
      </ul>
      <KeyedCard reason={notTyped} onKeyed={onKeyed} />
    </section>
  );
}
