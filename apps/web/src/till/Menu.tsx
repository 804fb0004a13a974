import { useState } from "react";
import { useBoth, useText, type TextKey } from "../language/index.ts";
import { Action } from "./Action.tsx";
import { menu, whyNot, type Item, type Standing } from "./menu.ts";
import { manage, type Managed } from "./terminal.ts";

type Props = {
  readonly tid: string;
  readonly standing: Standing;
  readonly chosen: string;
  readonly onItem: (item: Exclude<Item, { kind: "device" }>) => void;
};

type Said = { readonly label: TextKey; readonly managed: Managed | undefined } | { why: string };

/** What came of a message without money, in one line. */
function Answer({ said }: { readonly said: Said | undefined }) {
  const text = useText();
  if (!said) return undefined;
  if ("why" in said) return <>{said.why}</>;
  const { label, managed } = said;
  if (!managed) return <>{`${text(label)}: ${text("managed.failed")}`}</>;
  const { outcome, responseCode, count, elapsedMs } = managed;
  const stored = count === undefined ? "" : ` · ${count} ${text("managed.stored")}`;
  return (
    <span data-outcome={outcome}>
      {`${text(label)}: ${text(`managed.${outcome}`)} ${responseCode}${stored} · ${elapsedMs} ms`}
    </span>
  );
}

/** Everything that the till does, by group; what cannot be done now says why. */
export function Menu({ tid, standing, chosen, onItem }: Props) {
  const text = useText();
  const both = useBoth();
  const [said, setSaid] = useState<Said>();
  const [running, setRunning] = useState(false);
  const nameOf = (item: Item): string => {
    if (item.kind !== "types" || item.label !== undefined) return text(item.label ?? "menu.title");
    const offered = standing.offer.types.find(({ type }) => item.types.includes(type));
    return offered ? both(offered.text) : "";
  };
  const ask = async ({ label, path }: Extract<Item, { kind: "device" }>): Promise<void> => {
    setRunning(true);
    const managed = await manage(tid, path);
    setRunning(false);
    setSaid({ label, managed });
  };
  const press = (item: Item): void => {
    setSaid(undefined);
    if (item.kind === "device") void ask(item);
    else onItem(item);
  };
  const reasonOf = (item: Item): string | undefined => {
    const why = running && item.kind === "device" ? "reason.running" : whyNot(item, standing);
    return why && text(why);
  };
  return (
    <nav className="panel menu" aria-label={text("menu.title")}>
      {menu.map(({ label, items }) => (
        <section key={label} aria-labelledby={label}>
          <h2 id={label}>{text(label)}</h2>
          <div className="items">
            {items.map((item) => (
              <Action
                key={nameOf(item)}
                reason={reasonOf(item)}
                onReason={(why) => setSaid({ why })}
                onPress={() => press(item)}
                {...(item.kind === "types"
                  ? { pressed: item.types.some((type) => type === chosen) }
                  : {})}
              >
                {nameOf(item)}
              </Action>
            ))}
          </div>
        </section>
      ))}
      <p className="said" role="status">
        <Answer said={said} />
      </p>
    </nav>
  );
}
