import { printable } from "./gbk.ts";
import { maskFields } from "./mask.ts";
import { type Decoded } from "./message.ts";
import { mtiText } from "./messages.ts";
import { responseCodes } from "./response-codes.ts";
import { type Spec } from "./spec.ts";

export type DescribeOptions = {
  /** Shows card data and keys too. Default false. */
  readonly unmask?: boolean;
  /** Default "en". */
  readonly language?: "en" | "zh";
};

const NAME_WIDTH = 26;

/**
 * A message dissected for people, one field a line with its parts below, card data masked unless
 * told otherwise. Bytes that are no text show as \xNN: a message cannot write to the terminal.
 */
export function describe(spec: Spec, decoded: Decoded, options: DescribeOptions = {}): string {
  const language = options.language ?? "en";
  const shown = options.unmask === true ? decoded : maskFields(spec, decoded);
  const lines = [
    `${printable(shown.mti)}  ${mtiText(shown.mti)[language]}  (${spec.name})`,
    `     ${padded(language === "en" ? "bitmap" : "位图")} ${printable(shown.bitmap)}`,
  ];
  for (const [number, value] of Object.entries(shown.fields)) {
    const name = spec.definitions[Number(number)]?.name[language] ?? "";
    const meaning = number === "39" ? responseCodes.get(value)?.text[language] : undefined;
    const text = meaning === undefined ? printable(value) : `${value} ${meaning}`;
    lines.push(`${number.padStart(4)} ${padded(name)} ${text}`.trimEnd());
    const structure = spec.structures[Number(number)];
    for (const [key, part] of Object.entries(shown.parsed[number] ?? {})) {
      const called = structure?.nameOf(key)?.[language];
      const label = called === undefined ? key : `${key} ${called}`;
      lines.push(`       ${padded(label, NAME_WIDTH - 2)} ${printable(part)}`.trimEnd());
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Padded to a width in columns; a character beyond ASCII takes two. */
function padded(text: string, width: number = NAME_WIDTH): string {
  const columns = Array.from(text, (character) => (character > "\u007F" ? 2 : 1)).reduce<number>(
    (sum, one) => sum + one,
    0,
  );
  return text + " ".repeat(Math.max(0, width - columns));
}
