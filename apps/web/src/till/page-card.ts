/**
 * A card in this page's hand. The page joins two sockets of the terminal: a simulated card that it
 * holds, and the reader that it puts the card into. It passes on what they say to each other and keeps
 * nothing of it but which command it was.
 */
import { useCallback, useEffect, useRef, useState } from "react";

/** Where the card is. */
export type Place = "hand" | "reader";

/** One command and its answer, without their data: those belong to card and terminal alone. */
export type Exchange = {
  readonly id: number;
  readonly command: string;
  /** Bytes of data in the answer, and its status word; absent while the card thinks. */
  readonly answer?: { readonly length: number; readonly status: string };
};

export type PageCard = {
  readonly place: Place;
  /** Why the reader or the card's owner did not take part: a code, or empty. */
  readonly refused: string;
  readonly exchanges: readonly Exchange[];
  readonly insert: (card: string) => void;
  /** Takes the card out in order, or tears it out: the sockets just end. */
  readonly takeOut: (how: "detach" | "tear") => void;
};

/** Commands by their instruction byte (EMV Book 1 table 32, Book 3 table 3). */
const commands: Readonly<Record<string, string>> = {
  "16": "CARD BLOCK",
  "18": "APPLICATION UNBLOCK",
  "1E": "APPLICATION BLOCK",
  "20": "VERIFY",
  "24": "PIN CHANGE",
  "82": "EXTERNAL AUTHENTICATE",
  "84": "GET CHALLENGE",
  "88": "INTERNAL AUTHENTICATE",
  A4: "SELECT",
  A8: "GET PROCESSING OPTIONS",
  AE: "GENERATE AC",
  B2: "READ RECORD",
  C0: "GET RESPONSE",
  CA: "GET DATA",
  DA: "PUT DATA",
  DC: "UPDATE RECORD",
};

/** What either end says, as far as the page looks at it. */
type Said = {
  readonly type: string;
  readonly id?: number;
  readonly apdu?: string;
  readonly code?: string;
};

type Joined = { readonly reader: WebSocket; readonly held: WebSocket };

function asked({ id = 0, apdu = "" }: Said): Exchange {
  const instruction = apdu.slice(2, 4);
  return { id, command: commands[instruction] ?? `INS ${instruction}` };
}

function answered(exchange: Exchange, { id, apdu = "" }: Said): Exchange {
  if (exchange.id !== id) return exchange;
  return { ...exchange, answer: { length: apdu.length / 2 - 2, status: apdu.slice(-4) } };
}

function address(path: string): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

/** Opens both sockets and passes on; `heard` is told what was said, `ended` why it is over. */
function join(
  tid: string,
  card: string,
  heard: (said: Said) => void,
  ended: (why: string) => void,
): Joined {
  const reader = new WebSocket(address(`/terminals/${tid}/reader`));
  const held = new WebSocket(address(`/terminals/${tid}/lent-cards/${encodeURIComponent(card)}`));
  const pass = (from: WebSocket, to: WebSocket): void => {
    const waiting: string[] = [];
    to.addEventListener("open", () => {
      for (const text of waiting.splice(0)) to.send(text);
    });
    from.addEventListener("message", ({ data }: MessageEvent<string>) => {
      if (to.readyState === WebSocket.OPEN) to.send(data);
      else if (to.readyState === WebSocket.CONNECTING) waiting.push(data);
      heard(JSON.parse(data) as Said);
    });
    from.addEventListener("close", ({ reason }) => {
      to.close();
      ended(reason);
    });
  };
  pass(reader, held);
  pass(held, reader);
  return { reader, held };
}

/** The card of this page at the terminal's reader. */
export function usePageCard(tid: string): PageCard {
  const [place, setPlace] = useState<Place>("hand");
  const [refused, setRefused] = useState("");
  const [exchanges, setExchanges] = useState<readonly Exchange[]>([]);
  const joined = useRef<Joined>(undefined);

  const takeOut = useCallback((how: "detach" | "tear") => {
    const { reader, held } = joined.current ?? {};
    joined.current = undefined;
    if (how === "detach" && reader?.readyState === WebSocket.OPEN) {
      reader.send(JSON.stringify({ type: "detach" }));
    }
    reader?.close();
    held?.close();
    setPlace("hand");
  }, []);

  const insert = useCallback(
    (card: string) => {
      if (joined.current) return;
      setRefused("");
      setExchanges([]);
      const heard = (said: Said): void => {
        if (said.type === "attached") setPlace("reader");
        if (said.type === "command") setExchanges((all) => [...all, asked(said)]);
        if (said.type === "response") setExchanges((all) => all.map((one) => answered(one, said)));
        if (said.type === "refused") setRefused(said.code ?? "");
        if (said.type === "refused" || said.type === "released") takeOut("detach");
      };
      const mine = join(tid, card, heard, (why) => {
        if (joined.current !== mine) return;
        if (why !== "") setRefused(why);
        takeOut("tear");
      });
      joined.current = mine;
    },
    [tid, takeOut],
  );
  // A page that goes away takes its card with it.
  useEffect(() => () => takeOut("tear"), [takeOut]);
  return { place, refused, exchanges, insert, takeOut };
}
