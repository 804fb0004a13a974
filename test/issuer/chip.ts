/** A card in a terminal's kernel: gives the chip's part of a request and hears the answer. */
import { fromHex, toHex } from "@tillway/bytes";
import {
  advance,
  answer,
  DEFAULT_APPLICATIONS,
  DEFAULT_TERMINAL,
  newCardState,
  parseKernelConfiguration,
  startKernel,
  type CardImage,
  type CardState,
  type KernelEvent,
  type KernelOutcome,
  type KernelTurn,
  type OnlineRequest,
} from "@tillway/emv";
import { random } from "./installation.ts";

/** A card that keeps its counter from one payment to the next. */
export type HeldCard = { readonly image: CardImage; state: CardState };

export function hold(image: CardImage): HeldCard {
  return { image, state: newCardState(image) };
}

export type ChipPayment = {
  readonly request: OnlineRequest;
  /** Tells the card what the issuer said; how the card ends the transaction. */
  readonly finish: (responseCode: string, issuerData: string) => KernelOutcome;
};

/** Runs card and kernel until the kernel wants to go online. */
export function payByChip(
  card: HeldCard,
  caKeys: readonly object[],
  amount: bigint,
  currency = "156",
): ChipPayment {
  const parsed = parseKernelConfiguration({
    terminal: DEFAULT_TERMINAL,
    keySet: "test",
    caKeys,
    applications: DEFAULT_APPLICATIONS,
  });
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  const drive = (turn: KernelTurn): KernelTurn => {
    let now = turn;
    for (;;) {
      const event = cardEvent(card, now);
      if (!event) return now;
      now = advance(now.state, event);
    }
  };
  const online = drive(
    startKernel(parsed.configuration, {
      amount: amount.toString(),
      currency,
      currencyExponent: 2,
      type: "00",
      date: new Date().toISOString().slice(2, 10).replaceAll("-", ""),
      time: "120000",
      unpredictableNumber: toHex(random(4)),
      sequence: "1",
      randomSelection: 50,
    }),
  );
  if (online.step.type !== "go-online") {
    throw new Error(`the kernel did not go online: ${JSON.stringify(online.step)}`);
  }
  return {
    request: online.step.request,
    finish: (responseCode, issuerData) => {
      const answered = { type: "online-answered", responseCode, issuerData: fromHex(issuerData) };
      const end = drive(advance(online.state, answered as KernelEvent));
      if (end.step.type !== "done") throw new Error(`the kernel ended in ${end.step.type}`);
      return end.step.outcome;
    },
  };
}

function cardEvent(card: HeldCard, { step }: KernelTurn): KernelEvent | undefined {
  switch (step.type) {
    case "transmit": {
      const { state, response } = answer(card.image, card.state, step.apdu, random);
      card.state = state;
      return { type: "response", apdu: response };
    }
    case "choose-application":
      return { type: "application-chosen", aid: step.candidates[0]?.aid ?? "" };
    case "enter-online-pin":
      return { type: "pin-entered" };
    case "go-online":
    case "done":
      return undefined;
  }
}
