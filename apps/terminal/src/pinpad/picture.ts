/**
 * The picture of a pad. Digits are drawn as strokes, a little different each time, so that neither
 * a text nor a stroke in what is sent stands for a digit by itself.
 */
import { columns, places, rows, type Layout, type Random } from "./layout.ts";

type Point = readonly [number, number];

/** The strokes of 0 to 9 on a grid of 4 by 6. */
const strokes: readonly (readonly (readonly Point[])[])[] = [
  [
    [
      [1, 0],
      [3, 0],
      [4, 1],
      [4, 5],
      [3, 6],
      [1, 6],
      [0, 5],
      [0, 1],
      [1, 0],
    ],
  ],
  [
    [
      [1, 1],
      [2, 0],
      [2, 6],
    ],
    [
      [1, 6],
      [3, 6],
    ],
  ],
  [
    [
      [0, 1],
      [1, 0],
      [3, 0],
      [4, 1],
      [4, 2],
      [0, 6],
      [4, 6],
    ],
  ],
  [
    [
      [0, 0],
      [4, 0],
      [2, 2.5],
      [3, 2.5],
      [4, 3.5],
      [4, 5],
      [3, 6],
      [1, 6],
      [0, 5],
    ],
  ],
  [
    [
      [3, 6],
      [3, 0],
      [0, 4],
      [4, 4],
    ],
  ],
  [
    [
      [4, 0],
      [0.5, 0],
      [0, 3],
      [1, 2.4],
      [3, 2.4],
      [4, 3.4],
      [4, 5],
      [3, 6],
      [1, 6],
      [0, 5],
    ],
  ],
  [
    [
      [3.5, 0],
      [1.5, 0.5],
      [0, 3],
      [0, 5],
      [1, 6],
      [3, 6],
      [4, 5],
      [4, 3.5],
      [3, 2.6],
      [1, 2.6],
      [0, 3.6],
    ],
  ],
  [
    [
      [0, 0],
      [4, 0],
      [1.5, 6],
    ],
  ],
  [
    [
      [1, 0],
      [3, 0],
      [4, 1],
      [4, 2],
      [3, 3],
      [1, 3],
      [0, 2],
      [0, 1],
      [1, 0],
    ],
    [
      [1, 3],
      [0, 4],
      [0, 5],
      [1, 6],
      [3, 6],
      [4, 5],
      [4, 4],
      [3, 3],
    ],
  ],
  [
    [
      [4, 2.4],
      [3, 3.4],
      [1, 3.4],
      [0, 2.5],
      [0, 1],
      [1, 0],
      [3, 0],
      [4, 1],
      [4, 3],
      [2.5, 5.5],
      [0.5, 6],
    ],
  ],
];

const marks = {
  erase: [
    [
      [4, 1],
      [1, 1],
      [-1, 3],
      [1, 5],
      [4, 5],
      [4, 1],
    ],
    [
      [1.5, 2],
      [3, 4],
    ],
    [
      [3, 2],
      [1.5, 4],
    ],
  ],
  enter: [
    [
      [-0.5, 3],
      [1.5, 5],
      [4.5, 1],
    ],
  ],
  cancel: [
    [
      [0, 1],
      [4, 5],
    ],
    [
      [4, 1],
      [0, 5],
    ],
  ],
} as const satisfies Record<string, readonly (readonly Point[])[]>;

const fills = { digit: "#ffffff", erase: "#f2b705", enter: "#1f9d55", cancel: "#c62f2f" } as const;
const inks = { digit: "#111827", erase: "#111827", enter: "#ffffff", cancel: "#ffffff" } as const;

const cell = { width: 120, height: 84 } as const;
const unit = 7;

/** An SVG document of the pad with this layout. */
export function drawPad(layout: Layout, random: Random): string {
  const width = columns * cell.width;
  const height = rows * cell.height;
  const keys = places.map((place) => {
    const kind = place.key.kind;
    const digit = place.key.kind === "digit" ? layout[place.key.cell] : undefined;
    const lines = digit === undefined ? marks[kind === "digit" ? "erase" : kind] : strokes[digit];
    const box = {
      x: place.x * width + 4,
      y: place.y * height + 4,
      width: place.width * width - 8,
      height: place.height * height - 8,
    };
    const middle: Point = [box.x + box.width / 2 - 2 * unit, box.y + box.height / 2 - 3 * unit];
    const path = (lines ?? []).map((line) => trace(line, middle, random)).join("");
    return (
      `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="10" ` +
      `fill="${fills[kind]}" stroke="#9ca3af"/><path d="${path}" stroke="${inks[kind]}"/>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" fill="none" ` +
    `stroke-width="4" stroke-linecap="round" stroke-linejoin="round">${keys.join("")}</svg>`
  );
}

/** A stroke as path data, every point moved by up to a tenth of a pixel unit, cut where it bends. */
function trace(line: readonly Point[], [left, top]: Point, random: Random): string {
  const noise = random(line.length * 2);
  return line
    .map(([x, y], at) => {
      const jitter = (index: number): number => ((noise[index] ?? 0) - 128) / 100;
      const shownX = Math.round((left + x * unit + jitter(at * 2)) * 100) / 100;
      const shownY = Math.round((top + y * unit + jitter(at * 2 + 1)) * 100) / 100;
      return `${at === 0 ? "M" : "L"}${shownX} ${shownY}`;
    })
    .join("");
}
