import { useText } from "../language/index.ts";
import { BatchView } from "./BatchView.tsx";
import type { Counter } from "./counter.ts";
import { Journal } from "./Journal.tsx";
import { Menu } from "./Menu.tsx";

type Props = {
  readonly tid: string;
  readonly counter: Counter;
  readonly connected: boolean;
  readonly linked: boolean;
};

/** The cashier's side beside the order: the menu, the journal or the batch. */
export function Cashier({ tid, counter, connected, linked }: Props) {
  const text = useText();
  const { offer, books, offered, view, draft } = counter;
  if (!offer) return undefined;
  const anywhere = offered && offered.follows.length > 0 && !offered.openBatch;
  switch (view.name) {
    case "menu":
      return (
        <Menu
          tid={tid}
          standing={{ connected, linked, offer, entries: books.entries }}
          chosen={draft.type}
          onItem={counter.choose}
        />
      );
    case "journal":
      return (
        <Journal
          key={view.wanted.join()}
          tid={tid}
          books={books}
          types={offer.types}
          wanted={view.wanted}
          onFollow={counter.follow}
          onByHand={anywhere ? () => counter.tell({ do: "by-hand" }) : undefined}
          onBack={counter.home}
        />
      );
    case "batch":
      return (
        <BatchView
          tid={tid}
          offline={linked ? undefined : text("status.offline")}
          onSettled={books.refresh}
          onBack={counter.home}
        />
      );
  }
}
