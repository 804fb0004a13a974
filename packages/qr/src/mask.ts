import { fromHex, toAscii } from "@tillway/bytes";
import { tagRules } from "./consumer-tables.ts";

/** What of a code may be shown. */

/** Twelve digits or more, also with a space, point or dash between any two. */
const longNumber = /\d(?:[ .-]?\d){11,}/g;

/**
 * Every long number of a text with its digits masked but the first six and the last four: card
 * numbers, phone numbers, account numbers and payment codes stand unmarked in codes.
 */
export function maskDigits(text: string): string {
  return text.replace(longNumber, (number) => {
    const count = number.replace(/\D/g, "").length;
    let at = 0;
    return number.replace(/\d/g, (digit) => {
      at += 1;
      return at <= 6 || at > count - 4 ? digit : "*";
    });
  });
}

/** An element's value (hex) as text where its format is text, as hex otherwise. */
export function tagText(tag: string, hex: string): string {
  const format = ruleOf(tag)?.format;
  return format === "ans" || format === "a" ? toAscii(fromHex(hex)) : hex;
}

/** The same, with card data masked. An element that is in no table is hidden whole. */
export function maskTag(tag: string, hex: string): string {
  switch (ruleOf(tag)?.privacy) {
    case "open": {
      const text = tagText(tag, hex);
      return text === hex ? hex : maskDigits(text);
    }
    case "pan":
      return maskPan(hex.replace(/F+$/, ""));
    case "track2": {
      const [number = "", ...rest] = hex.split("D");
      return rest.length === 0 ? stars(hex) : `${maskPan(number)}D${stars(rest.join("D"))}`;
    }
    case "hidden":
    case undefined:
      return stars(hex);
  }
}

const stars = (text: string): string => "*".repeat(text.length);

/** First six and last four of thirteen digits or more; what is shorter goes whole. */
function maskPan(pan: string): string {
  if (pan.length < 13) return stars(pan);
  return pan.slice(0, 6) + "*".repeat(pan.length - 10) + pan.slice(-4);
}

function ruleOf(tag: string): (typeof tagRules)[string] | undefined {
  return Object.hasOwn(tagRules, tag) ? tagRules[tag] : undefined;
}

/** Text that cannot steer a terminal: controls, separators and bidirectional marks as \u{…}. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16).toUpperCase() ?? ""}}`,
  );
}
