/** A signature as it is drawn: lines of points between 0,0 at the top left and 1,1. */

export type Point = readonly [number, number];
export type Strokes = readonly (readonly Point[])[];

/** What the terminal takes of a signature. */
const MOST_LINES = 100;
const MOST_POINTS = 500;

const within = (value: number): number => Math.min(1, Math.max(0, value));
const inside = ([x, y]: Point): Point => [within(x), within(y)];

/** The pen is put down. */
export function begun(strokes: Strokes, point: Point): Strokes {
  return strokes.length >= MOST_LINES ? strokes : [...strokes, [inside(point)]];
}

/** The pen moves on; a line that is full goes no further. */
export function drawn(strokes: Strokes, point: Point): Strokes {
  const line = strokes.at(-1);
  if (!line || line.length >= MOST_POINTS) return strokes;
  return [...strokes.slice(0, -1), [...line, inside(point)]];
}
