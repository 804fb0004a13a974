/** For tests: a reader that knows the specimen cards, and a card held into its field. */
import { toHex } from "@tillway/bytes";
import { parseContactlessConfiguration } from "../configuration.ts";
import type { CombinationConfiguration, ContactlessConfiguration } from "../configuration.ts";
import { DEFAULT_COMBINATIONS, DEFAULT_CONTACTLESS_TERMINAL } from "../defaults.ts";
import { rehearseTap } from "../rehearsal.ts";
import type { TapRehearsal, TapSurroundings } from "../rehearsal.ts";
import { answerContactless } from "../card/answer.ts";
import { contactlessSpecimen, countingRandom } from "../card/specimen.ts";
import type { Specimen } from "../card/specimen.ts";
import { leaveField } from "../card/state.ts";
import { specimenCaKey } from "../../card/specimen.ts";
import type { TerminalConfiguration } from "../../kernel/configuration.ts";
import type { TransactionInput } from "../../kernel/transaction.ts";

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

export type Reader = {
  readonly terminal?: Partial<TerminalConfiguration>;
  /** Applied to every combination; `mchip` is laid over its default. */
  readonly combination?: Partial<Omit<CombinationConfiguration, "mchip">> & {
    readonly mchip?: Partial<CombinationConfiguration["mchip"] & object>;
  };
  readonly combinations?: readonly CombinationConfiguration[];
  /** Without the authority's keys nothing can be authenticated. */
  readonly keys?: boolean;
};

/** Every default combination, with changes; throws where they are malformed. */
export function readerOf(reader: Reader = {}): ContactlessConfiguration {
  const { mchip, ...change } = reader.combination ?? {};
  const rids = ["A000000003", "A000000004", "A000000333"];
  const parsed = parseContactlessConfiguration({
    terminal: { ...DEFAULT_CONTACTLESS_TERMINAL, ...reader.terminal },
    keySet: "test",
    caKeys: reader.keys === false ? [] : rids.map((rid) => specimenCaKey({ aid: rid })),
    combinations:
      reader.combinations ??
      DEFAULT_COMBINATIONS.map((entry) => ({
        ...entry,
        ...change,
        ...(entry.mchip === undefined ? {} : { mchip: { ...entry.mchip, ...mchip } }),
      })),
  });
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.configuration;
}

export type Scene = {
  readonly card: Specimen | string;
  readonly reader?: Reader;
  readonly transaction?: Partial<TransactionInput>;
  readonly pin?: TapSurroundings["pin"];
  /** A response code, or "unable": no host answers. */
  readonly host?: string;
  readonly field?: TapSurroundings["field"];
  /** The card is gone before it answers this command, counted from 0. */
  readonly tornAt?: number;
  /** Changes an answer of the card; `sent` counts from 0. */
  readonly spoil?: (response: Uint8Array, command: string, sent: number) => Uint8Array;
  /** Keeps the card's state between transactions. */
  readonly memory?: { state: Specimen["state"] };
};

/** Plays a transaction between the reader and a specimen card. */
export function tap(scene: Scene): TapRehearsal {
  const specimen = typeof scene.card === "string" ? contactlessSpecimen(scene.card) : scene.card;
  const memory = scene.memory ?? { state: specimen.state };
  let sent = 0;
  return rehearseTap(
    readerOf(scene.reader),
    { ...TRANSACTION, ...scene.transaction },
    {
      field: (presented) => {
        memory.state = leaveField(memory.state);
        return scene.field?.(presented) ?? { type: "card-detected" };
      },
      card: (command) => {
        const at = sent;
        sent += 1;
        if (at === scene.tornAt) return undefined;
        const next = answerContactless(specimen.image, memory.state, command, countingRandom);
        memory.state = next.state;
        return scene.spoil?.(next.response, toHex(command), at) ?? next.response;
      },
      ...(scene.pin === undefined ? {} : { pin: scene.pin }),
      host: () => (scene.host === "unable" ? undefined : (scene.host ?? "00")),
    },
  );
}
