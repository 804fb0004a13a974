/** Public keys of certification authorities that were published, for decoding and rehearsals. */
import published from "../../data/ca-keys.json" with { type: "json" };

export type PublishedCaKey = {
  readonly rid: string;
  readonly index: string;
  readonly modulus: string;
  readonly exponent: string;
  /** SHA-1 over the four above; `proven` where someone else published the same. */
  readonly checksum: string;
  readonly proven: boolean;
  /** Test and live keys share indexes: a terminal never mixes them, nor takes an unknown one. */
  readonly kind: "test" | "live" | "unknown";
};

const KINDS = ["test", "live", "unknown"] as const;

/**
 * The published keys, several for one RID and index where sources differ. Not a terminal's key set:
 * that comes from its acquirer, see `parseKernelConfiguration`.
 */
export function publishedCaKeys(): readonly PublishedCaKey[] {
  return published.map((row) => ({
    rid: row.rid,
    index: row.index,
    modulus: row.modulus,
    exponent: row.exponent,
    checksum: row.checksum,
    proven: row.published,
    kind: KINDS.find((kind) => kind === row.kind) ?? "unknown",
  }));
}
