/** What the page knows of the terminal beside its screen, fetched anew when it may have changed. */
import { useCallback, useEffect, useState } from "react";
import { read, type Batch, type Entry, type Offer, type TrayCard } from "./terminal.ts";

/** As many transactions as a cashier looks through. */
const LIMIT = 200;

/** Types and rights; the host may have changed them meanwhile. */
export function useOffer(tid: string, idle: boolean): Offer | undefined {
  const [offer, setOffer] = useState<Offer>();
  useEffect(() => {
    // What is known stays where the terminal does not answer.
    read<Offer>(`/terminals/${tid}/types`).then(
      (all) => all && setOffer(all),
      () => undefined,
    );
  }, [tid, idle]);
  return offer;
}

export type Books = {
  /** Latest first. */
  readonly entries: readonly Entry[];
  /** The open batch. */
  readonly batch: string;
  readonly refresh: () => void;
};

export function useBooks(tid: string, idle: boolean): Books {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [batch, setBatch] = useState("");
  const refresh = useCallback(() => {
    // What is known stays where the terminal does not answer.
    const stay = (): void => undefined;
    const transactions = `/terminals/${tid}/transactions?limit=${LIMIT}`;
    read<readonly Entry[]>(transactions).then((all) => setEntries(all ?? []), stay);
    read<Batch>(`/terminals/${tid}/batch`).then((open) => setBatch(open?.batch ?? ""), stay);
  }, [tid]);
  useEffect(() => {
    if (idle) refresh();
  }, [idle, refresh]);
  return { entries, batch, refresh };
}

/** The tray's cards. One that was put into a real reader is among them while it is there. */
export function useTray(tid: string, inReader: boolean): readonly TrayCard[] {
  const [cards, setCards] = useState<readonly TrayCard[]>([]);
  useEffect(() => {
    read<readonly TrayCard[]>(`/terminals/${tid}/cards`).then(
      (all) => setCards(all ?? []),
      () => setCards([]),
    );
  }, [tid, inReader]);
  return cards;
}
