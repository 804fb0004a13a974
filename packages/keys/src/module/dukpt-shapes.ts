import { type FormsOf, maybe } from "./form.ts";
import type { KeyBlock, NewKey } from "./key-shapes.ts";

/**
 * A terminal's DUKPT registers, sealed under the module's master key. After each transaction only
 * the new state may be kept: an older one would give out keys that were used.
 */
export type DukptState = string;

/** Commands for both ends of DUKPT; a host's work with PINs and MACs takes a `ksn` there. */
export type DukptShapes = {
  /**
   * A device's initial key (B1) from a base derivation key (B0). KSN: 20 hex digits for TDES, whose
   * counter does not matter; for AES the initial key id of 16, or a KSN of 24.
   */
  "derive-dukpt-key": {
    in: { readonly bdk: KeyBlock; readonly ksn: string; readonly exportable?: boolean };
    out: NewKey;
  };
  /** A terminal's registers from its initial key, which it must then forget. KSN: as above. */
  "start-dukpt": {
    in: { readonly key: KeyBlock; readonly ksn: string };
    out: { readonly state: DukptState };
  };
  /**
   * One transaction: its KSN, its working keys, and the state after it. PIN key: P0. MAC key, for
   * the request, and response key: M3 for `x919`, M6 for `cmac`. `cmac` is the only one under AES;
   * without `mac` TDES takes `x919`.
   */
  "next-dukpt": {
    in: { readonly state: DukptState; readonly mac?: "x919" | "cmac" };
    out: {
      readonly state: DukptState;
      readonly ksn: string;
      readonly pinKey: KeyBlock;
      readonly macKey: KeyBlock;
      readonly responseKey: KeyBlock;
    };
  };
};

export const dukptForms: FormsOf<DukptShapes> = {
  "derive-dukpt-key": {
    in: { bdk: "text", ksn: "text", exportable: maybe("flag") },
    out: { key: "text", kcv: "text" },
  },
  "start-dukpt": { in: { key: "text", ksn: "text" }, out: { state: "text" } },
  "next-dukpt": {
    in: { state: "text", mac: maybe(["x919", "cmac"]) },
    out: { state: "text", ksn: "text", pinKey: "text", macKey: "text", responseKey: "text" },
  },
};
