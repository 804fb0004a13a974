/** What the parties write to their logs, as lines of the simulation's trace. */
type Write = (detail: object, message: string) => void;

export type Writing = {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
};

export function writingOf(name: string, note: (line: string) => void): Writing {
  const write: Write = (detail, message) => note(`${name}: ${message} ${JSON.stringify(detail)}`);
  return { debug: () => undefined, info: write, warn: write, error: write };
}
