/** The PIN pad's own HTML document: shown in an iframe, cut off from the page around it. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { places, type Key } from "./layout.ts";

const script = readFileSync(new URL("document/pad.js", import.meta.url), "utf8");
const style = readFileSync(new URL("document/pad.css", import.meta.url), "utf8");

export type PadLanguage = "en" | "zh";

type Words = {
  readonly lang: string;
  readonly title: string;
  readonly pad: string;
  readonly digit: (row: number, column: number) => string;
  readonly erase: string;
  readonly enter: string;
  readonly cancel: string;
  readonly entered: string;
  readonly waiting: string;
};

const words: Readonly<Record<PadLanguage, Words>> = {
  en: {
    lang: "en",
    title: "PIN pad",
    pad: "PIN pad; its digits are in a new order each time, or type them on the keyboard",
    digit: (row, column) => `Key in row ${row}, column ${column}`,
    erase: "Erase the last digit",
    enter: "Confirm",
    cancel: "Cancel the payment",
    entered: "Enter PIN · {count} digits entered",
    waiting: "The PIN pad is closed",
  },
  zh: {
    lang: "zh-CN",
    title: "密码键盘",
    pad: "密码键盘，数字每次重新排列，也可以用键盘输入",
    digit: (row, column) => `第 ${row} 行第 ${column} 列按键`,
    erase: "删除上一位",
    enter: "确认",
    cancel: "取消交易",
    entered: "请输入密码 · 已输入 {count} 位",
    waiting: "密码键盘已关闭",
  },
};

/** Which language a `lang` parameter asks for; English where it says nothing known. */
export function padLanguage(lang: string | undefined): PadLanguage {
  return lang?.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/**
 * The document. `ticket` (letters and digits) opens its socket once. Its labels say where a key is,
 * never which digit: the digits are in the picture only.
 */
export function padDocument(language: PadLanguage, ticket: string): string {
  const said = words[language];
  const buttons = places.map(({ key, x, y }, at) => {
    const label = labelOf(key, said, Math.round(y * 5) + 1, Math.round(x * 3) + 1);
    const wide = key.kind === "cancel" ? ' class="wide"' : "";
    const enter = key.kind === "enter" ? ' data-enter="true"' : "";
    return `<button type="button" id="key-${at}"${wide}${enter} aria-label="${label}"></button>`;
  });
  return `<!doctype html>
<html lang="${said.lang}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${said.title}</title><style>${style}</style></head>
<body data-ticket="${ticket}" data-entered="${said.entered}" data-waiting="${said.waiting}">
<main><h1>${said.title}</h1><p id="status" role="status">${said.waiting}</p>
<div id="pad" role="group" aria-label="${said.pad}" tabindex="-1" hidden>
<img id="picture" alt=""><div id="keys">${buttons.join("")}</div></div></main>
<script>${script}</script>
</body></html>
`;
}

function labelOf(key: Key, said: Words, row: number, column: number): string {
  switch (key.kind) {
    case "digit":
      return said.digit(row, column);
    case "erase":
      return said.erase;
    case "enter":
      return said.enter;
    case "cancel":
      return said.cancel;
  }
}

const digestOf = (text: string): string =>
  `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/**
 * The document's policy: nothing but its own script and style, an origin of its own (so that the
 * page around it cannot look inside), its socket to these origins, and these pages as frames' owner.
 */
export function padPolicy(origins: readonly string[]): string {
  const sockets = origins.map((origin) => origin.replace(/^http/, "ws"));
  return [
    "default-src 'none'",
    `script-src ${digestOf(script)}`,
    `style-src ${digestOf(style)}`,
    "img-src data:",
    `connect-src ${sockets.join(" ")}`,
    "sandbox allow-scripts",
    `frame-ancestors ${origins.join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}
