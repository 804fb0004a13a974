/** The effects of a payment that take time: each ends in the event that the flow goes on with. */
import { toHex } from "@tillway/bytes";
import type { Card } from "@tillway/emv";
import type { SecurityModule } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import { currency, maskPan } from "@tillway/money";
import type { Journal } from "../journal/index.ts";
import type { PinPad } from "../pinpad/index.ts";
import { encryptPin, encryptTrack, type Session } from "../session/index.ts";
import type { Effect, FlowEvent } from "./flow.ts";
import { reversalFields, saleRequest } from "./messages.ts";

export type Tools = {
  readonly journal: Journal;
  readonly session: Session;
  readonly module: SecurityModule;
  readonly pinPad: PinPad;
  readonly clock: Clock;
};

type Of<D extends Effect["do"]> = Extract<Effect, { readonly do: D }>;

/** Speaks to the card in the slot; a card that is gone or broken counts as failed. */
export async function transmit(
  card: Card | undefined,
  { apdu, turn }: Of<"transmit">,
  onDefect: (error: unknown) => void,
): Promise<FlowEvent> {
  if (!card) return { type: "card-failed", turn };
  try {
    return { type: "card-answered", turn, apdu: await card.transmit(apdu) };
  } catch (error) {
    onDefect(error);
    return { type: "card-failed", turn };
  }
}

/** Signs in where needed, undoes what is still to be undone. */
export async function prepare({ session, journal }: Tools): Promise<FlowEvent> {
  const readiness = await session.prepare();
  return { type: "prepared", readiness, batch: journal.batch() };
}

/** Opens the PIN pad. `script` types in place of a person. */
export async function askPin(
  { session, module, pinPad }: Tools,
  { pan }: Of<"ask-pin">,
  script: string | undefined,
  onCount: (digits: number) => void,
): Promise<FlowEvent> {
  const keys = session.keys();
  if (!keys) return { type: "failed" };
  const result = await pinPad.ask({
    encrypt: async (digits) => ({
      block: await encryptPin(module, keys, digits, pan),
      generation: keys.generation,
    }),
    onCount,
    script,
  });
  switch (result.kind) {
    case "entered":
      return { type: "pin-entered", pin: result.block };
    case "cancelled":
      return { type: "pin-cancelled" };
    case "timed-out":
      return { type: "pin-timed-out" };
  }
}

/** Builds the request under the present keys and sends it, once. */
export async function authorise(tools: Tools, effect: Of<"authorise">): Promise<FlowEvent> {
  const { session, journal, module, clock } = tools;
  const { sale, request, pin } = effect;
  const keys = session.keys();
  const money = currency(sale.currency);
  if (!keys || !money) return { type: "verdict", verdict: { kind: "unsent" } };
  const { track2 } = request;
  const parts = {
    device: journal.identity(),
    sale,
    currency: money.numeric,
    request,
    track: track2 === "" ? "" : await encryptTrack(module, keys, track2),
    pinBlock: pin?.block,
  };
  const verdict = await session.authorise({
    transaction: {
      id: sale.id,
      batch: sale.batch,
      stan: sale.stan,
      kind: "sale",
      amount: sale.amount,
      currency: sale.currency,
      entry: "chip",
      maskedPan: maskPan(request.pan),
      at: clock.now(),
    },
    request: saleRequest(parts),
    reversal: reversalFields(parts),
    generation: pin?.generation ?? keys.generation,
  });
  return { type: "verdict", verdict };
}

export async function undo({ session }: Tools): Promise<FlowEvent> {
  return { type: "undone", done: await session.undo() };
}

/** Demands the reversal of an approved sale, with what has become known since it was sent. */
export function demandReversal({ journal }: Tools, effect: Of<"demand-reversal">): void {
  const { id, host, data } = effect;
  journal.demand(id, "06", {
    ...(host.authorizationCode === "" ? {} : { "38": host.authorizationCode }),
    ...(data.length === 0 ? {} : { "55": toHex(data) }),
  });
}
