import { useState, type PointerEvent } from "react";
import { useText } from "../language/index.ts";
import { Action } from "./Action.tsx";
import type { Order } from "./screen.ts";
import { begun, drawn, type Point, type Strokes } from "./strokes.ts";

/** The size of the terminal's picture. */
const WIDTH = 128;
const HEIGHT = 64;

/** Where the pen is, as a part of the pad. */
function pointOf(event: PointerEvent<SVGSVGElement>): Point {
  const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
  return [(event.clientX - left) / width, (event.clientY - top) / height];
}

/** The cardholder signs here with a finger, a pen or the mouse, or on the printed receipt. */
export function Signature({ send }: { readonly send: (order: Order) => void }) {
  const text = useText();
  const [strokes, setStrokes] = useState<Strokes>([]);
  const empty = strokes.length === 0 ? text("sign.empty") : undefined;
  return (
    <div className="signature">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={text("sign.title")}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const point = pointOf(event);
          setStrokes((all) => begun(all, point));
        }}
        onPointerMove={(event) => {
          if (event.buttons === 0) return;
          const point = pointOf(event);
          setStrokes((all) => drawn(all, point));
        }}
      >
        <line className="base" x1="8" x2="120" y1="52" y2="52" />
        {strokes.map((line, at) => (
          <polyline
            key={at}
            points={line.map(([x, y]) => `${x * WIDTH},${y * HEIGHT}`).join(" ")}
          />
        ))}
      </svg>
      <p className="quiet">{text("sign.explain")}</p>
      <div className="row">
        <Action reason={empty} onPress={() => setStrokes([])}>
          {text("amount.clear")}
        </Action>
        <Action primary reason={empty} onPress={() => send({ type: "sign", strokes })}>
          {text("sign.accept")}
        </Action>
      </div>
    </div>
  );
}
