/**
 * The load set: merchants, terminals and cards of their own, so that a load touches nothing of the
 * demonstration. Each party gets its part through its own provisioning; what the terminals need is
 * kept in the folder `load`, sealed under a key that is there alone.
 */
import { join } from "node:path";
import { fromAscii, toHex, xor } from "@tillway/bytes";
import { demonstrationProfiles, type CardImage } from "@tillway/emv";
import { open, seal, unwrapKey } from "@tillway/keys";
import { luhnValid } from "@tillway/money";
import { CommandError } from "../output.ts";
import { keyFile, random, readIfThere, writeSecret } from "./files.ts";

/** A terminal with its master key in hex. */
export type LoadTerminal = {
  readonly tid: string;
  readonly mid: string;
  readonly serial: string;
  readonly masterKey: string;
};

/** What one card pays with; `key` is its key for cryptograms, hex. */
export type LoadCard = {
  readonly pan: string;
  readonly psn: string;
  readonly expiry: string;
  readonly serviceCode: string;
  readonly pin: string;
  readonly aid: string;
  readonly profile: string;
  readonly keyIndex: number;
  readonly key: string;
};

/** Numbers that must never be used twice: of each card its counter, of each terminal its STAN. */
export type Used = { readonly counter: number; readonly stan: number };

/** `used`: nothing of the set has used higher ones; `reserved`: may have, where a load was cut off. */
export type LoadSet = {
  readonly terminals: readonly LoadTerminal[];
  readonly cards: readonly string[];
  readonly used: Used;
  readonly reserved: Used | null;
};

const higher = (one: Used, other: Used): Used => ({
  counter: Math.max(one.counter, other.counter),
  stan: Math.max(one.stan, other.stan),
});

/** The numbers above which everything is free. */
export const usedOf = ({ used, reserved }: LoadSet): Used =>
  reserved ? higher(used, reserved) : used;

/** Numbers that a crash may leave unrecorded. */
const MARGIN = 2000;

/** Notes how far a load is, with room for what it does until it is asked again. */
export function reserve(data: string, far: Used): void {
  const set = readSet(data);
  if (!set) return;
  const ahead = { counter: far.counter + MARGIN, stan: far.stan + MARGIN };
  writeSet(data, { ...set, reserved: higher(ahead, usedOf(set)) });
}

/** Notes what a load has used once it is done. */
export function use(data: string, far: Used): void {
  const set = readSet(data);
  if (set) writeSet(data, { ...set, used: higher(far, set.used), reserved: null });
}

/** One party's provisioning command: a document in, a document out. */
export type Provisioning = (
  party: "acquirer" | "issuer",
  input: unknown,
) => Promise<Record<string, unknown>>;

const MERCHANTS = 64;
const CONTEXT = "load/set";
/** A card's counter has two bytes; a set is issued anew well before its end. */
const COUNTER_END = 50_000;
/** Each has an RSA key to be found: a party is given as many as it makes well within a minute. */
const CARDS_AT_ONCE = 64;
const BALANCE = "100000000000000";

const place = (data: string): string => join(data, "load", "set.sealed");
const keyOf = (data: string): Uint8Array => keyFile(join(data, "load", "set.key"), random);

/** The set as it is kept; undefined before the first load. */
export function readSet(data: string): LoadSet | undefined {
  const sealed = readIfThere(place(data));
  const clear = sealed && open(keyOf(data), sealed, CONTEXT);
  if (sealed && !clear) throw new CommandError(`${place(data)} was not sealed under its key`);
  // Written below and nowhere else, under a key that only this folder has.
  return clear && (JSON.parse(new TextDecoder().decode(clear)) as LoadSet);
}

/** Keeps the set; called again whenever its counters have moved on. */
export function writeSet(data: string, set: LoadSet): void {
  const text = new TextEncoder().encode(JSON.stringify(set));
  writeSecret(place(data), seal(keyOf(data), random(12), text, CONTEXT));
}

/** A set with at least these numbers of terminals and cards; grown or issued anew where needed. */
export async function ensureSet(
  data: string,
  wanted: { readonly terminals: number; readonly cards: number },
  provision: Provisioning,
  say: (text: string) => void,
): Promise<LoadSet> {
  const none: Used = { counter: 0, stan: 0 };
  const empty: LoadSet = { terminals: [], cards: [], used: none, reserved: null };
  let set = readSet(data) ?? empty;
  if (set.terminals.length < wanted.terminals) {
    say(`registering ${wanted.terminals - set.terminals.length} terminals for the load`);
    const more = await addTerminals(set.terminals.length, wanted.terminals, provision);
    set = { ...set, terminals: [...set.terminals, ...more] };
    writeSet(data, set);
  }
  const { counter, stan } = usedOf(set);
  const anew = counter > COUNTER_END;
  if (set.cards.length < wanted.cards || anew) {
    const count = Math.max(wanted.cards, set.cards.length);
    say(`issuing cards for the load: ${count} in all`);
    const all = Array.from({ length: count }, (_, at) => card(at));
    const cards = anew ? all : all.slice(set.cards.length);
    for (let from = 0; from < cards.length; from += CARDS_AT_ONCE) {
      const some = cards.slice(from, from + CARDS_AT_ONCE);
      await provision("issuer", { links: [], cards: some, anew });
      if (anew) continue;
      set = { ...set, cards: [...set.cards, ...some.map(({ name }) => name)] };
      writeSet(data, set);
    }
    const used = { counter: anew ? 0 : counter, stan };
    set = { ...set, cards: all.map(({ name }) => name), used, reserved: null };
    writeSet(data, set);
  }
  return set;
}

const digits = (value: number, length: number): string => String(value).padStart(length, "0");

/** The nth card: a number of the demonstration's test range, told apart by its last digits. */
function card(at: number) {
  const [pattern] = demonstrationProfiles();
  if (!pattern) throw new Error("the demonstration has no cards");
  const start = `${pattern.pan.slice(0, 8)}99${digits(at, pattern.pan.length - 11)}`;
  const check = Array.from({ length: 10 }, (_, last) => `${start}${last}`).find(luhnValid);
  return {
    name: `load-${digits(at + 1, 5)}`,
    pan: check ?? "",
    pin: digits((at * 7919) % 1_000_000, 6),
    openingBalance: BALANCE,
  };
}

async function addTerminals(
  from: number,
  to: number,
  provision: Provisioning,
): Promise<LoadTerminal[]> {
  const made = Array.from({ length: to - from }, (_, index) => {
    const at = from + index;
    return {
      tid: `L${digits(at + 1, 7)}`,
      mid: `8982900LOAD${digits((at % MERCHANTS) + 1, 4)}`,
      serial: `LOAD${digits(at + 1, 8)}`,
      transport: [random(16), random(16)] as const,
    };
  });
  const mids = [...new Set(made.map(({ mid }) => mid))];
  const answer = await provision(
    "acquirer",
    mids.map((mid) => ({
      merchant: {
        mid,
        name: `Load ${mid.slice(-4)}`,
        nameZh: "压测商户",
        mcc: "5812",
        feePpm: 6000,
      },
      terminals: made
        .filter((one) => one.mid === mid)
        .map(({ tid, serial, transport }) => ({
          tid,
          serial,
          transportComponents: transport.map(toHex),
        })),
    })),
  );
  // The acquirer's provisioning is of this same release: its answer has the shape it documents.
  const { terminals } = answer as {
    readonly terminals: readonly { readonly tid: string; readonly tmkBlock: string }[];
  };
  const blocks = new Map(terminals.map(({ tid, tmkBlock }) => [tid, tmkBlock]));
  return made.map(({ tid, mid, serial, transport: [one, other] }) => {
    const unwrapped = unwrapKey(xor(one, other), blocks.get(tid) ?? "");
    if (!unwrapped.ok) throw new Error(`terminal ${tid}: ${unwrapped.fault}`);
    return { tid, mid, serial, masterKey: toHex(unwrapped.key) };
  });
}

/** A card out of its sealed file in the data folder. */
export function readCard(data: string, name: string): LoadCard {
  const key = keyFile(join(data, "cards", "card.key"), random);
  const sealed = readIfThere(join(data, "cards", `${name}.card`));
  const clear = sealed && open(key, sealed, `card/${name}`);
  if (!clear) throw new CommandError(`the card ${name} cannot be opened`);
  // Written by the issuer's bureau and bound to this name by its seal.
  const { profile, aip, keyIndex, keys } = JSON.parse(new TextDecoder().decode(clear)) as CardImage;
  const { pan, psn, expiry, serviceCode, pin, aid } = profile;
  return { pan, psn, expiry, serviceCode, pin, aid, profile: aip, keyIndex, key: keys.ac };
}

/** Digits as ASCII bytes in hex, for data objects of characters. */
export const charactersHex = (text: string): string => toHex(fromAscii(text));
