/** What the bank decides by besides its rules: settings of an installation (docs/configuration.md). */
export type Policy = {
  /** How long a pre-authorised amount stays set apart (ms). */
  readonly holdMs: number;
  /** How long a promise waits for its confirmation (ms). */
  readonly promiseMs: number;
  /** How much a completion may be, in percent of what was pre-authorised (UnionPay's 115 [U]). */
  readonly overHold: bigint;
  /** Up to this amount (minor units) a contactless payment needs no PIN. */
  readonly noPinAmount: bigint;
  /** Whether a foreign card's stripe is taken after its chip failed; a domestic one's never is. */
  readonly fallback: boolean;
  /** Whether a card number that was keyed in is taken. */
  readonly manual: boolean;
  /** Whether a refund of something that this bank does not know is taken. */
  readonly unknownRefund: boolean;
};
