/** The terminal's screen: its states as they come, and what the cashier and the customer do. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { TransactionName } from "@tillway/transactions";
import type { TransactionOrder } from "./draft.ts";
import type { Strokes } from "./strokes.ts";
import type { Both } from "./terminal.ts";

/** What the terminal may ask for or say: a closed list. */
export type Prompt =
  | "ready"
  | "insert-card"
  | "present-card"
  | "present-one-card"
  | "tap-again"
  | "see-phone"
  | "insert-or-swipe"
  | "swipe-card"
  | "use-chip"
  | "sign"
  | "try-again"
  | "use-another-card"
  | "reading-card"
  | "choose-application"
  | "enter-pin"
  | "wrong-pin"
  | "authorising"
  | "remove-card"
  | "approved"
  | "declined"
  | "cancelled"
  | "timed-out"
  | "reversed"
  | "not-connected";

export type Phase =
  | "idle"
  | "card"
  | "reading"
  | "pin"
  | "online"
  | "signature"
  | "remove"
  | "result";

/** What the terminal's screen shows, as the terminal sends it. */
export type Screen = {
  readonly phase: Phase;
  readonly prompt: Prompt;
  readonly type?: TransactionName;
  readonly amount?: string;
  readonly currency?: string;
  readonly card: string | null;
  readonly pinDigits: number;
  readonly signedIn: boolean;
  readonly linked: boolean;
  readonly result?: Result;
  readonly receipt?: { readonly text: Both; readonly svg: Both };
};

/** How a transaction ended; amounts in minor units. */
export type Result = {
  readonly type: TransactionName;
  readonly outcome: "approved" | "declined" | "timed-out" | "reversed" | "refused";
  readonly responseCode: string;
  readonly responseText: Both;
  readonly advice: Both;
  readonly rrn: string;
  readonly authorizationCode: string;
  readonly maskedPan: string;
  readonly stan: string;
  readonly batch: string;
  /** Not approved of what was asked for: to be collected another way. */
  readonly rest?: string;
  readonly balance?: string;
};

export type Order =
  | { readonly type: "begin"; readonly order: TransactionOrder }
  | { readonly type: "insert" | "swipe"; readonly card: string }
  | { readonly type: "tap"; readonly cards: readonly string[]; readonly unlocked?: boolean }
  | { readonly type: "sign"; readonly strokes: Strokes }
  | { readonly type: "remove" | "cancel" | "dismiss" };

type Said =
  | { readonly type: "state"; readonly state: Screen }
  | { readonly type: "refused"; readonly code: string };

/** The terminal's screen, kept up to date; the socket opens again by itself after a loss. */
export function useScreen(tid: string): {
  readonly screen: Screen | undefined;
  readonly connected: boolean;
  /** Why the last order was not taken; empty where it was. */
  readonly refused: string;
  readonly send: (order: Order) => void;
} {
  const [screen, setScreen] = useState<Screen>();
  const [connected, setConnected] = useState(false);
  const [refused, setRefused] = useState("");
  const socket = useRef<WebSocket>(undefined);

  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = (): void => {
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      const opened = new WebSocket(`${scheme}://${location.host}/terminals/${tid}/screen`);
      socket.current = opened;
      opened.addEventListener("open", () => setConnected(true));
      opened.addEventListener("message", (event: MessageEvent<string>) => {
        const message = JSON.parse(event.data) as Said;
        if (message.type === "state") setScreen(message.state);
        else setRefused(message.code);
      });
      opened.addEventListener("close", () => {
        setConnected(false);
        if (!over) timer = setTimeout(open, 500);
      });
    };
    open();
    return () => {
      over = true;
      clearTimeout(timer);
      socket.current?.close();
    };
  }, [tid]);

  const send = useCallback((order: Order) => {
    setRefused("");
    if (socket.current?.readyState === WebSocket.OPEN) socket.current.send(JSON.stringify(order));
  }, []);
  return { screen, connected, refused, send };
}
