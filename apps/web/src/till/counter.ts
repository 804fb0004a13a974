/** What the cashier is doing: the order being made, what stands beside it, what goes to the terminal. */
import { useEffect, useReducer, useRef, useState } from "react";
import type { TransactionName } from "@tillway/transactions";
import { useBooks, useOffer, type Books } from "./books.ts";
import { drafted, firstDraft, orderOf } from "./draft.ts";
import type { Draft, Happening, TransactionOrder } from "./draft.ts";
import type { Keyed } from "./KeyedCard.tsx";
import type { Item } from "./menu.ts";
import type { useScreen, Screen } from "./screen.ts";
import type { Entry, Following, Offer, OfferedType } from "./terminal.ts";

/** The shop's currency. */
const CURRENCY = "CNY";

/** What stands beside the order: the menu, the journal (for these types), the batch. */
export type View =
  | { readonly name: "menu" | "batch" }
  | { readonly name: "journal"; readonly wanted: readonly TransactionName[] };

export type Line = Pick<ReturnType<typeof useScreen>, "connected" | "refused" | "send">;

export type Counter = {
  readonly currency: string;
  readonly offer: Offer | undefined;
  readonly books: Books;
  readonly draft: Draft;
  /** The draft's type. */
  readonly offered: OfferedType | undefined;
  readonly view: View;
  readonly tell: (happening: Happening) => void;
  readonly choose: (item: Exclude<Item, { kind: "device" }>) => void;
  readonly follow: (entry: Entry, following: Following) => void;
  readonly home: () => void;
  readonly order: () => void;
  /** Takes a typed card number in place of a card; undefined where there is no order for it. */
  readonly key: ((keyed: Keyed) => void) | undefined;
  readonly collectRest: (minor: string) => void;
};

export function useCounter(tid: string, screen: Screen, { refused, send }: Line): Counter {
  const [draft, tell] = useReducer(drafted, firstDraft);
  const [view, setView] = useState<View>({ name: "menu" });
  const last = useRef<TransactionOrder>(undefined);
  const idle = screen.phase === "idle";
  const offer = useOffer(tid, idle);
  const books = useBooks(tid, idle);
  const offered = offer?.types.find(({ type }) => type === draft.type);

  const begin = (order: TransactionOrder): void => {
    last.current = order;
    send({ type: "begin", order });
  };
  const home = (): void => {
    setView({ name: "menu" });
    tell({ do: "done" });
  };
  useEffect(() => {
    // The order has become a transaction: what comes after it begins at the start.
    if (!idle) home();
  }, [idle]);
  useEffect(() => {
    const { current } = last;
    // The journal has no card for it any more: it is read instead.
    if (refused === "card-needed" && current && current.readCard !== true) {
      begin({ ...current, readCard: true });
    }
  }, [refused]);
  const key = ({ current }: typeof last, keyed: Keyed): void => {
    if (!current) return;
    // The terminal waits for a card: the same order is begun anew with its number.
    send({ type: "cancel" });
    begin({ ...current, keyed });
  };

  return {
    currency: CURRENCY,
    offer,
    books,
    draft,
    offered,
    view,
    tell: (happening) => {
      tell(happening);
      if (happening.do === "clear" && draft.minor === "") setView({ name: "menu" });
    },
    choose: (item) => {
      if (item.kind === "view") {
        return setView(item.view === "batch" ? { name: "batch" } : { name: "journal", wanted: [] });
      }
      const chosen = offer?.types.find(({ type }) => item.types.includes(type));
      if (!chosen) return;
      tell({ do: "choose", type: chosen.type });
      if (chosen.follows.length > 0) setView({ name: "journal", wanted: item.types });
    },
    follow: (entry, { type, most }) => tell({ do: "follow", type, original: { entry, most } }),
    home,
    order: () => offered && begin(orderOf(draft, offered, CURRENCY)),
    key: screen.phase === "card" && last.current ? (keyed) => key(last, keyed) : undefined,
    collectRest: (minor) => {
      send({ type: "dismiss" });
      tell({ do: "choose", type: "sale", minor });
    },
  };
}
