/** Entry point pre-processing, once per transaction before a card comes (Book B §3.1). */
import { fromHex, toHex } from "@tillway/bytes";
import type { TransactionInput } from "../kernel/transaction.ts";
import type { CombinationConfiguration } from "./configuration.ts";

/** A combination that may take this transaction. */
export type Offer = {
  readonly combination: CombinationConfiguration;
  /** Tag 9F66 of this transaction, hex; "" where the kernel has none. */
  readonly ttq: string;
  /** Whether the amount needs a CVM (kernels 3 and 7; kernel 2 decides by itself). */
  readonly cvmRequired: boolean;
  /** Whether PIN and signature are waived because the amount is small. */
  readonly waived: boolean;
};

/** TTQ byte 1 bit 4: the reader can only be offline. */
const OFFLINE_ONLY = 0x08;
/** TTQ byte 2: an online cryptogram, a CVM is required. */
const ONLINE_REQUIRED = 0x80;
const CVM_REQUIRED = 0x40;

/** The combinations whose limits allow this transaction, in the order of the configuration. */
export function preprocess(
  combinations: readonly CombinationConfiguration[],
  transaction: TransactionInput,
): Offer[] {
  return combinations.flatMap((combination) => {
    const offer = offerOf(combination, transaction);
    return offer === undefined ? [] : [offer];
  });
}

function offerOf(
  combination: CombinationConfiguration,
  transaction: TransactionInput,
): Offer | undefined {
  const amount = BigInt(transaction.amount);
  const ttq = fromHex(combination.ttq);
  const quick = combination.kernel === 3 || combination.kernel === 7;
  const waived = isSmall(combination, transaction);
  const zero = amount === 0n;
  if (zero && !combination.zeroAmountAllowed) return undefined;
  if (zero && ((ttq[0] ?? 0) & OFFLINE_ONLY) !== 0) return undefined;
  // Kernel 2 and 4 compare their limits themselves, once the card is known (C-2 §6.7).
  if (!quick) return { combination, ttq: "", cvmRequired: false, waived };
  const { limits } = combination;
  if (limits.transaction !== undefined && amount >= BigInt(limits.transaction)) return undefined;
  const unit = 10n ** BigInt(transaction.currencyExponent);
  const online =
    zero ||
    transaction.forceOnline === true ||
    (limits.floor !== undefined && amount > BigInt(limits.floor)) ||
    (combination.statusCheck && amount === unit);
  const cvmRequired = !waived && limits.cvm !== undefined && amount >= BigInt(limits.cvm);
  const dynamic = (online ? ONLINE_REQUIRED : 0) | (cvmRequired ? CVM_REQUIRED : 0);
  const set = ttq.map((byte, at) => (at === 1 ? (byte & 0x3f) | dynamic : byte));
  return { combination, ttq: toHex(set), cvmRequired, waived };
}

/**
 * 小额免密免签: purchases up to the limit, in its currency, need neither PIN nor signature. The limit
 * is the programme's (1,000 CNY inclusive from June 2018); which merchants take part is the acquirer's.
 */
function isSmall({ smallAmount }: CombinationConfiguration, input: TransactionInput): boolean {
  if (smallAmount === undefined || input.currency !== smallAmount.currency) return false;
  return input.type === "00" && BigInt(input.amount) <= BigInt(smallAmount.limit);
}
