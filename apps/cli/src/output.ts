/** What a command ends with. `text` is for people; `json` is printed instead under --json. */
export type Ending = { readonly exit: 0 | 1 | 2; readonly text: string; readonly json: unknown };

/** The command could not do its work; the message is one sentence that says what to do. */
export class CommandError extends Error {
  readonly json: unknown;
  constructor(message: string, json?: unknown) {
    super(message);
    this.name = "CommandError";
    this.json = json ?? { error: { code: "command", message } };
  }
}

/** Progress goes to standard error, so that standard output holds the result only. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints an ending; a table or text for people, one document for programs. */
export function print(ending: Ending, asJson: boolean): void {
  const text = asJson ? JSON.stringify(ending.json) : ending.text;
  if (text !== "") process.stdout.write(`${text}\n`);
}

/** Columns of equal width, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => width(row[column] ?? ""))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - width(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Columns that a text takes on a terminal: a Chinese character takes two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += (character.codePointAt(0) ?? 0) >= 0x2e80 ? 2 : 1;
  return columns;
}
