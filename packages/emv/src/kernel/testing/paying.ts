/** For tests: a simulated card in a terminal that can do everything, and its issuer behind it. */
import { concat, fromAscii, fromHex, toHex } from "@tillway/bytes";
import { arpc1, arpc2, cryptogramScheme, encodePinBlock } from "@tillway/keys";
import { answer, newCardState, resetCard } from "../../card/index.ts";
import type { AnyCardImage, AnyCardProfile, CardState } from "../../card/index.ts";
import { countingRandom, specimenCaKey, specimenCard } from "../../card/specimen.ts";
import { encodeTlv } from "../../tlv.ts";
import { parseKernelConfiguration } from "../configuration.ts";
import type { KernelConfiguration } from "../configuration.ts";
import { DEFAULT_APPLICATIONS, DEFAULT_TERMINAL } from "../defaults.ts";
import { rehearse } from "../rehearsal.ts";
import type { OfflinePin, Rehearsal } from "../rehearsal.ts";
import type { AnyVerification, OfflinePinStep, OnlineRequest } from "../steps.ts";
import type { TransactionInput } from "../transaction.ts";
import { TRANSACTION } from "./scripted-card.ts";

/** Every way to verify a cardholder, every way to authenticate a card. */
export const ABLE: Partial<KernelConfiguration["terminal"]> = { capabilities: "E0F8C8" };

type Request = OnlineRequest<AnyVerification>;
export type HostAnswer = { readonly responseCode: string; readonly issuerData: Uint8Array };

/** A card that outlives its transactions. */
export type HeldCard = { readonly image: AnyCardImage; state: CardState };

export function hold(profile: AnyCardProfile): HeldCard {
  const image = specimenCard(profile);
  return { image, state: newCardState(image) };
}

/** The same card after its issuer has heard of it: no new card any more. */
export function known(profile: AnyCardProfile): HeldCard {
  const card = hold(profile);
  return { ...card, state: { ...card.state, atc: 5, lastOnlineAtc: 5 } };
}

export function terminalFor(
  profile: Pick<AnyCardProfile, "aid">,
  change: Paying = {},
): KernelConfiguration {
  const parsed = parseKernelConfiguration({
    terminal: { ...DEFAULT_TERMINAL, ...ABLE, ...change.terminal },
    keySet: "test",
    caKeys: [specimenCaKey(profile)],
    applications: DEFAULT_APPLICATIONS.map((entry) => ({
      ...entry,
      floorLimit: "100000",
      actionCodes: { denial: "0000000000", online: "0000000000", default: "0000000000" },
      ...change.application,
    })),
  });
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.configuration;
}

export type Paying = {
  readonly terminal?: Partial<KernelConfiguration["terminal"]>;
  readonly application?: Partial<KernelConfiguration["applications"][number]>;
  readonly transaction?: Partial<TransactionInput>;
  /** Digits typed for the card, one entry after the other; the last one is repeated. */
  readonly pins?: readonly string[];
  readonly host?: (request: Request, card: HeldCard) => HostAnswer | undefined;
  readonly choose?: (aids: readonly string[]) => string | undefined;
  /** Changes an answer of the card: the command's number from 0, the command, the right answer. */
  readonly meddle?: (at: number, command: Uint8Array, right: Uint8Array) => Uint8Array | undefined;
};

export type Paid = Rehearsal & {
  readonly asked: readonly OfflinePinStep[];
  /** The PIN blocks handed over, as the kernel left them. */
  readonly blocks: readonly Uint8Array[];
};

/** One payment from insertion to its end. */
export function pay(card: HeldCard, paying: Paying = {}): Paid {
  const asked: OfflinePinStep[] = [];
  const blocks: Uint8Array[] = [];
  let sent = 0;
  card.state = resetCard(card.state);
  const choose = paying.choose;
  const played = rehearse(
    terminalFor(card.image.profile, paying),
    { ...TRANSACTION, ...paying.transaction },
    {
      card: (command) => {
        const next = answer(card.image, card.state, command, countingRandom);
        card.state = next.state;
        const told = paying.meddle?.(sent, command, next.response) ?? next.response;
        sent += 1;
        return told.length === 0 ? undefined : told;
      },
      ...(choose === undefined
        ? {}
        : { choose: (candidates) => choose(candidates.map(({ aid }) => aid)) }),
      offlinePin: (step) => {
        asked.push(step);
        const { pins } = paying;
        const digits = pins?.[Math.min(asked.length, pins.length) - 1];
        if (digits === undefined) return undefined;
        const entered = typed(digits, step);
        blocks.push(entered.pin);
        return entered;
      },
      host: (request) => (paying.host ?? approve)(request, card),
    },
  );
  return { ...played, asked, blocks };
}

/** What the PIN module hands over. */
export function typed(digits: string, { padding }: Pick<OfflinePinStep, "padding">): OfflinePin {
  return { pin: encodePinBlock(2, digits, ""), padding: countingRandom(padding) };
}

export const approve = reply("00");

/** The issuer's answer with its cryptogram, tag 91, and scripts after it. */
export function reply(
  code: string,
  scripts: (request: Request) => Uint8Array = () => new Uint8Array(0),
): (request: Request, card: HeldCard) => HostAnswer {
  return (request, { image }) => ({
    responseCode: code,
    issuerData: concat(encodeTlv("91", issuerData(request, image, code)), scripts(request)),
  });
}

function issuerData(request: Request, image: AnyCardImage, code: string): Uint8Array {
  const value = (tag: string): Uint8Array => request.store.get(tag) ?? new Uint8Array(0);
  const application = [image, ...(image.further ?? [])].find(
    ({ profile }) => profile.aid === toHex(value("84")),
  );
  if (application === undefined) throw new Error("a request of another card");
  const { cryptogramVersion } = application.profile;
  const key = fromHex(application.keys.ac);
  const scheme = cryptogramScheme(cryptogramVersion, key, value("9F36"), value("9F37"));
  const arqc = value("9F26");
  if (scheme.arpcMethod === 1) {
    const response = fromAscii(code);
    return concat(arpc1(scheme.arpcKey, arqc, response), response);
  }
  const update = fromHex(code === "00" ? "00800000" : "00000000");
  return concat(arpc2(scheme.arpcKey, arqc, update), update);
}
