/** Messages of every type as an acquirer sends them: what opens a chain, and what follows it. */
import type { Decoded, MessageFields } from "@tillway/iso8583";
import { fromHex, toHex } from "@tillway/bytes";
import { bigintOf } from "@tillway/database";
import { cryptogramData, encodeTlvs, parseTlv, toStore } from "@tillway/emv";
import { applicationCryptogram, cryptogramScheme } from "@tillway/keys";
import { catalogue, networkCodes, type TransactionName } from "@tillway/transactions";
import { ACQUIRER, type Installation } from "./installation.ts";
import { transmission, type Acquirer } from "./acquirer.ts";
import type { HeldCard } from "./chip.ts";

export type Message = { readonly mti: string; readonly fields: MessageFields };

type Changes = Readonly<Record<string, string | undefined>>;

const twelve = (amount: bigint): string => amount.toString().padStart(12, "0");

function without(fields: Changes): MessageFields {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([number, value]) => (value ? [[number, value]] : [])),
  );
}

/** The codes of a type in a message. */
function codesOf(type: TransactionName): Changes {
  const { processing, condition, reason } = networkCodes(type);
  return { "3": processing, "25": condition, "60": `${reason}0` };
}

/** A request by chip and PIN that follows nothing. */
export async function opening(
  acquirer: Acquirer,
  type: TransactionName,
  card: HeldCard,
  amount: bigint,
  changes: Changes = {},
): Promise<Message> {
  const inquiry = catalogue[type].amount === "none";
  const pin = catalogue[type].pin ? card.image.profile.pin : undefined;
  const sale = await acquirer.prepare(card, { amount: inquiry ? 0n : amount, pin });
  const fields = { ...sale.fields, ...codesOf(type), ...(inquiry && { "4": undefined }) };
  return { mti: networkCodes(type).mti, fields: without({ ...fields, ...changes }) };
}

/** What the card approved by itself: its own certificate (TC) over what it signed for an ARQC. */
export async function offline(
  acquirer: Acquirer,
  card: HeldCard,
  amount: bigint,
): Promise<Message> {
  const none = { "26": undefined, "35": undefined, "52": undefined, "53": undefined };
  const asked = await opening(acquirer, "offline chip sale", card, amount, none);
  const tags = toStore(parseTlv(fromHex(asked.fields["55"] ?? "")));
  tags.set("9F27", Uint8Array.of(0x40));
  const { keys, profile } = card.image;
  const atc = tags.get("9F36") ?? new Uint8Array(2);
  const number = tags.get("9F37") ?? new Uint8Array(4);
  const data = cryptogramData(profile.cryptogramVersion, tags);
  if (!data) throw new Error("the card's data are not whole");
  const scheme = cryptogramScheme(profile.cryptogramVersion, fromHex(keys.ac), atc, number);
  tags.set("9F26", applicationCryptogram(scheme.cryptogramKey, data, scheme.padding));
  tags.set("8A", new TextEncoder().encode("Y1"));
  return { ...asked, fields: { ...asked.fields, "55": toHex(encodeTlvs([...tags])) } };
}

/** DE 90 of what follows a message. */
export function namesOriginal({ mti, fields }: Message): string {
  const institution = ACQUIRER.padStart(11, "0");
  return `${mti}${fields["11"]}${fields["7"]}${institution}${institution}`;
}

const KEPT = "2 12 13 14 18 23 32 33 41 42 43 49".split(" ");

/** A message that follows another one; `answer` is what that one was told. */
export function following(
  type: TransactionName,
  original: Message,
  answer: Decoded | undefined,
  amount: bigint,
  changes: Changes = {},
): Message {
  const kept = Object.fromEntries(KEPT.map((number) => [number, original.fields[number]]));
  const { "11": trace, ...sent } = transmission();
  const fields = {
    ...kept,
    ...codesOf(type),
    ...sent,
    "4": twelve(amount),
    "11": trace,
    "22": "012",
    "37": `9${trace.padStart(11, "0")}`,
    "38": type === "deposit confirmation" ? undefined : (answer?.fields["38"] ?? "000000"),
    "90": namesOriginal(original),
    "103": original.fields["103"],
  };
  return { mti: networkCodes(type).mti, fields: without({ ...fields, ...changes }) };
}

/** The reversal of a message. */
export function reversing({ mti, fields }: Message): Message {
  const left = new Set(["26", "35", "36", "52", "53", "55", "90", "103", "122"]);
  const kept = Object.entries(fields).filter(([number]) => !left.has(number));
  const own = { ...transmission(), "90": namesOriginal({ mti, fields }) };
  return { mti: "0420", fields: { ...Object.fromEntries(kept), ...own } };
}

/** The balance of a card's account, and what is set apart of it. */
export async function moneyOf(
  installation: Installation,
  card: string,
): Promise<{ readonly balance: bigint; readonly held: bigint }> {
  const [row] = await installation.sql(
    `select coalesce(sum(h.amount), 0)::text as held from issuer.card c
     join issuer.hold h on h.account = c.account and h.state = 'active' where c.name = $1`,
    [card],
  );
  return { balance: await installation.balance(card), held: bigintOf(row ?? {}, "held") };
}
