/** For tests: a card that is a table of answers, and a terminal that knows it. */
import { fromHex, toHex } from "@tillway/bytes";
import { encodeTlv } from "../../tlv.ts";
import { parseKernelConfiguration } from "../configuration.ts";
import type { ApplicationConfiguration, KernelConfiguration } from "../configuration.ts";
import { DEFAULT_APPLICATIONS, DEFAULT_TERMINAL } from "../defaults.ts";
import { rehearse } from "../rehearsal.ts";
import type { Rehearsal, Surroundings } from "../rehearsal.ts";
import type { TransactionInput } from "../transaction.ts";

export const AID = "A000000333010101";

/** Test BIN and invented number. */
export const PAN = "6210940000000004";

export const TRANSACTION: TransactionInput = {
  amount: "2580",
  currency: "156",
  currencyExponent: 2,
  type: "00",
  date: "260723",
  time: "101112",
  unpredictableNumber: "01020304",
  sequence: "17",
  randomSelection: 99,
};

/** One data object in hex. */
export function tlv(tag: string, value: string): string {
  return toHex(encodeTlv(tag, fromHex(value)));
}

/** Data of the card's only record; "" leaves one out. CDOL1 asks for TVR and TSI. */
const TAGS: Readonly<Record<string, string>> = {
  "57": `${PAN}D3012201`,
  "5A": PAN,
  "5F24": "301231",
  "5F34": "01",
  "5F28": "0156",
  "9F07": "FF00",
  "8E": "00000000000000001F00",
  "8C": "95059B029F37049F34039F0206",
  "8D": "8A0295059B029F3704",
  "9F0D": "0000000000",
  "9F0E": "0000000000",
  "9F0F": "0000000000",
};

export type Scene = {
  readonly tags?: Readonly<Record<string, string>>;
  readonly aip?: string;
  readonly afl?: string;
  readonly pdol?: string;
  /** Answers by the beginning of the command; the longest beginning counts, "removed" tears. */
  readonly replies?: Readonly<Record<string, string>>;
  readonly transaction?: Partial<TransactionInput>;
  readonly application?: Partial<ApplicationConfiguration>;
  readonly terminal?: Partial<KernelConfiguration["terminal"]>;
  readonly applications?: readonly ApplicationConfiguration[];
  readonly pin?: Surroundings["pin"];
  readonly choose?: Surroundings["choose"];
  readonly offlinePin?: Surroundings["offlinePin"];
  readonly checkCard?: Surroundings["checkCard"];
  /** DE 39 and DE 55 of the host's answer; "unable" where none came. */
  readonly host?: readonly [string, string] | "unable";
};

/** Floor limit above the amount, and no action codes: nothing sends the transaction anywhere. */
const QUIET: Partial<ApplicationConfiguration> = {
  floorLimit: "10000",
  actionCodes: { denial: "0000000000", online: "0000000000", default: "0000000000" },
};

/** Sends every transaction of `play` to the host: offline authentication was not performed. */
export const ONLINE: Partial<ApplicationConfiguration> = {
  actionCodes: { denial: "0000000000", online: "8000000000", default: "0000000000" },
};

export function configurationOf(scene: Scene): KernelConfiguration {
  const applications =
    scene.applications ??
    DEFAULT_APPLICATIONS.map((entry) => ({ ...entry, ...QUIET, ...scene.application }));
  const parsed = parseKernelConfiguration({
    terminal: { ...DEFAULT_TERMINAL, directory: false, ...scene.terminal },
    keySet: "test",
    caKeys: [],
    applications,
  });
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.configuration;
}

export function fciOf(aid: string, proprietary: string): string {
  return `${tlv("6F", tlv("84", aid) + tlv("A5", proprietary))}9000`;
}

/** GENERATE AC answer of format 1: information, counter 0007, cryptogram, issuer data. */
export function cryptogramOf(information: string): string {
  const body = `${information}0007${"A1".repeat(8)}07010103A0A00101`;
  return `${tlv("80", body)}9000`;
}

export function repliesOf(scene: Scene): Record<string, string> {
  const tags = Object.entries({ ...TAGS, ...scene.tags }).filter(([, value]) => value !== "");
  const record = tlv("70", tags.map(([tag, value]) => tlv(tag, value)).join(""));
  const pdol = scene.pdol === undefined ? "" : tlv("9F38", scene.pdol);
  return {
    [`00A4040008${AID}`]: fciOf(AID, tlv("50", "4445424954") + tlv("87", "01") + pdol),
    "80A8": `${tlv("80", (scene.aip ?? "1C00") + (scene.afl ?? "08010100"))}9000`,
    "00B2010C": `${record}9000`,
    "80CA9F36": "9F3602000A9000",
    "80CA9F13": "9F130200089000",
    "0082": "9000",
    "80AE00": cryptogramOf("00"),
    "80AE40": cryptogramOf("40"),
    "80AE80": cryptogramOf("80"),
    ...scene.replies,
  };
}

export function cardOf(replies: Readonly<Record<string, string>>): Surroundings["card"] {
  return (command) => {
    const sent = toHex(command);
    const found = Object.keys(replies)
      .filter((start) => sent.startsWith(start))
      .sort((a, b) => b.length - a.length)[0];
    const reply = found === undefined ? "6A82" : (replies[found] ?? "6A82");
    return reply === "removed" ? undefined : fromHex(reply);
  };
}

/** Plays one transaction between the kernel and the scripted card. */
export function play(scene: Scene = {}): Rehearsal {
  const { host } = scene;
  return rehearse(
    configurationOf(scene),
    { ...TRANSACTION, ...scene.transaction },
    {
      card: cardOf(repliesOf(scene)),
      ...(scene.pin === undefined ? {} : { pin: scene.pin }),
      ...(scene.choose === undefined ? {} : { choose: scene.choose }),
      ...(scene.offlinePin === undefined ? {} : { offlinePin: scene.offlinePin }),
      ...(scene.checkCard === undefined ? {} : { checkCard: scene.checkCard }),
      host: () => {
        if (host === "unable") return undefined;
        const [responseCode, issuerData] = host ?? ["00", ""];
        return { responseCode, issuerData: fromHex(issuerData) };
      },
    },
  );
}
