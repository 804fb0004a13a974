/** Keys of certification authorities and chip applications as terminals download them (spec §2.5). */
import { fromAscii, toHex } from "@tillway/bytes";
import type { ApplicationConfiguration, CaKey } from "@tillway/emv";

export const objectKinds = ["ca-key", "application"] as const;
export type ObjectKind = (typeof objectKinds)[number];

/** `name` is the data objects that name it (9F06 and 9F22, or 9F06), `content` all of them. Hex. */
export type DownloadObject = {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly content: string;
};

/** One data object; `value` in hex, at most 65535 bytes (EMV Book 3, Annex B). */
function tlv(tag: string, value: string): string {
  const length = value.length / 2;
  const hex = (bytes: number): string =>
    length
      .toString(16)
      .toUpperCase()
      .padStart(bytes * 2, "0");
  if (length < 0x80) return tag + hex(1) + value;
  return length < 0x100 ? `${tag}81${hex(1)}${value}` : `${tag}82${hex(2)}${value}`;
}

const ascii = (text: string): string => toHex(fromAscii(text));

/** A public key: hash and signature algorithm are SHA-1 and RSA, as everywhere in EMV. */
export function caKeyObject(key: CaKey): DownloadObject {
  const name = tlv("9F06", key.rid) + tlv("9F22", key.index);
  const content = [
    name,
    tlv("DF05", ascii(key.expiry ?? "20991231")),
    tlv("DF06", "01"),
    tlv("DF07", "01"),
    tlv("DF02", key.modulus),
    tlv("DF04", key.exponent),
    tlv("DF03", key.checksum),
  ];
  return { kind: "ca-key", name, content: content.join("") };
}

/** Limits of contactless payments in minor units; by default what the public sources show [1]. */
export type ContactlessLimits = {
  readonly floor: string;
  readonly transaction: string;
  readonly cvm: string;
};

const number4 = (minor: string): string =>
  BigInt(minor).toString(16).toUpperCase().padStart(8, "0");
const percent = (value: number): string => String(value).padStart(2, "0");
const amount6 = (minor: string): string => minor.padStart(12, "0");

export function applicationObject(
  application: ApplicationConfiguration,
  limits: ContactlessLimits,
): DownloadObject {
  const { actionCodes, randomSelection: random } = application;
  const name = tlv("9F06", application.aid);
  const content = [
    name,
    // 00: a longer name on the card fits as well.
    tlv("DF01", application.partialMatch ? "00" : "01"),
    tlv("9F08", application.version),
    tlv("DF11", actionCodes.default),
    tlv("DF12", actionCodes.online),
    tlv("DF13", actionCodes.denial),
    tlv("9F1B", number4(application.floorLimit)),
    tlv("DF15", number4(random.threshold)),
    tlv("DF16", percent(random.maximumTargetPercentage)),
    tlv("DF17", percent(random.targetPercentage)),
    tlv("DF14", application.defaultDdol),
    tlv("DF18", application.onlinePin ? "01" : "00"),
    tlv("DF19", amount6(limits.floor)),
    tlv("DF20", amount6(limits.transaction)),
    tlv("DF21", amount6(limits.cvm)),
  ];
  return { kind: "application", name, content: content.join("") };
}

/** Names that go into one answer: DE 62 holds 512 bytes, its control byte included. */
const ROOM = 511 * 2;

/** DE 62 of the answer to a query after `received` names; control byte: 0 none, 1 all, 2 more, 3 last. */
export function listField(names: readonly string[], received: number): string {
  if (names.length === 0) return ascii("0");
  let listed = "";
  let at = received;
  for (; at < names.length; at += 1) {
    const name = names[at] ?? "";
    if (listed.length + name.length > ROOM) break;
    listed += name;
  }
  const control = at < names.length ? "2" : received === 0 ? "1" : "3";
  return ascii(control) + listed;
}
