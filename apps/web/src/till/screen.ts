import { useCallback, useEffect, useRef, useState } from "react";

export type Both = { readonly en: string; readonly zh: string };

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
  readonly amount?: string;
  readonly currency?: string;
  readonly card: string | null;
  readonly pinDigits: number;
  readonly signedIn: boolean;
  readonly linked: boolean;
  readonly result?: {
    readonly outcome: string;
    readonly responseCode: string;
    readonly responseText: Both;
    readonly advice: Both;
    readonly rrn?: string;
    readonly authorizationCode?: string;
    readonly maskedPan?: string;
    readonly stan?: string;
    readonly batch?: string;
  };
  readonly receipt?: { readonly svg: Both };
};

export type Terminal = {
  readonly tid: string;
  readonly merchantName: string;
  readonly merchantNameZh: string;
};

export type TrayCard = {
  readonly name: string;
  readonly scheme: string;
  readonly maskedPan: string;
  readonly label: Both;
  readonly purpose: Both;
  readonly pin: string;
};

export type Order =
  | {
      readonly type: "begin";
      readonly order: { readonly type: "sale"; readonly amount: string; readonly currency: string };
    }
  | { readonly type: "insert"; readonly card: string }
  | { readonly type: "remove" | "cancel" | "dismiss" };

/** Pairs this browser; true where the code was right. */
export async function pair(code: string): Promise<boolean> {
  const answer = await fetch("/terminals/pair", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  return answer.ok;
}

/** A GET of the terminal's local API; undefined where this browser is not paired. */
export async function read<T>(path: string): Promise<T | undefined> {
  const answer = await fetch(path);
  return answer.ok ? ((await answer.json()) as T) : undefined;
}

/** The terminal's screen, kept up to date; the socket opens again by itself after a loss. */
export function useScreen(tid: string): {
  readonly screen: Screen | undefined;
  readonly connected: boolean;
  readonly send: (order: Order) => void;
} {
  const [screen, setScreen] = useState<Screen>();
  const [connected, setConnected] = useState(false);
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
        const message = JSON.parse(event.data) as { type: string; state: Screen };
        if (message.type === "state") setScreen(message.state);
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
    if (socket.current?.readyState === WebSocket.OPEN) socket.current.send(JSON.stringify(order));
  }, []);
  return { screen, connected, send };
}
