import type { Command, KeyBlock } from "../module/security-module.ts";
import type { KeyMode, KeyUsage } from "../module/usage.ts";

/** One key of a command: the property that carries it, what it must be, and a mode that is not. */
export type Use = {
  readonly place: string;
  readonly usage: readonly KeyUsage[];
  /** Absent where any mode will do. */
  readonly wrongMode?: KeyMode;
};

/** A command that is done with the right keys, and all its keys. */
export type CommandUse = { readonly command: Command; readonly uses: readonly Use[] };

export type Keys = Readonly<Record<KeyUsage, KeyBlock>>;

/** What only a module can make, for the commands that undo it. */
export type Made = {
  readonly block: string;
  readonly cipher: string;
  readonly kcv: string;
  readonly pinBlock: Uint8Array;
  readonly track: string;
  readonly sealed: string;
  readonly sealedData: Uint8Array;
  /** Of a DUKPT terminal: a transaction's PIN block and KSN. */
  readonly dukptBlock: Uint8Array;
  readonly ksn: string;
};

/** One place that needs one usage. */
export function use(place: string, usage: KeyUsage, wrongMode?: KeyMode): Use {
  return wrongMode === undefined ? { place, usage: [usage] } : { place, usage: [usage], wrongMode };
}
