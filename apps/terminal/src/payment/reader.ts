/** The two kernels behind one face: a card in the slot, or in the field. */
import {
  advanceFull,
  advanceTap,
  startFullKernel,
  startTap,
  type FullKernelState,
  type FullKernelStep,
  type KernelEvent,
  type TapEvent,
  type TapState,
  type TapStep,
} from "@tillway/emv";
import type { Payment } from "./flow.ts";

export type Reader =
  | { readonly kind: "chip"; readonly state: FullKernelState }
  | { readonly kind: "tap"; readonly state: TapState };

export type ReaderStep = FullKernelStep | TapStep;

export type ReaderTurn = { readonly reader: Reader; readonly step: ReaderStep };

/** What both kernels hear. */
export type SharedEvent = Extract<
  KernelEvent,
  {
    readonly type:
      | "response"
      | "card-removed"
      | "pin-entered"
      | "pin-bypassed"
      | "pin-cancelled"
      | "online-answered"
      | "cancelled";
  }
>;

export function startReader(kind: Reader["kind"], payment: Payment): ReaderTurn {
  if (kind === "chip") {
    const { state, step } = startFullKernel(payment.configuration, payment.transaction);
    return { reader: { kind, state }, step };
  }
  const { state, step } = startTap(payment.contactless, payment.transaction);
  return { reader: { kind, state }, step };
}

export function tellReader(reader: Reader, event: SharedEvent): ReaderTurn {
  if (reader.kind === "chip") return tellChip(reader, event);
  return tellField(reader, event);
}

/** What only a card in the slot can be told. */
export function tellChip(
  reader: Extract<Reader, { readonly kind: "chip" }>,
  event: KernelEvent,
): ReaderTurn {
  const { state, step } = advanceFull(reader.state, event);
  return { reader: { kind: "chip", state }, step };
}

/** What only a card in the field can do. */
export function tellField(
  reader: Extract<Reader, { readonly kind: "tap" }>,
  event: TapEvent,
): ReaderTurn {
  const { state, step } = advanceTap(reader.state, event);
  return { reader: { kind: "tap", state }, step };
}
