/** What the network needs of a store. Whatever it promises is durable when the promise resolves. */
import type { MessageFields } from "@tillway/iso8583";
import type { KeyBlock, MacAlgorithm } from "@tillway/keys";
import type { Advice, Ending, Exchange } from "./exchange.ts";

export type Member = {
  readonly institution: string;
  readonly role: "acquirer" | "issuer";
  readonly zmk: KeyBlock;
  readonly macAlgorithm: MacAlgorithm;
};

/** `reversed`: its reversal came first; it is written down as refused and never forwarded. */
export type Opened =
  | { readonly kind: "new" }
  | { readonly kind: "reversed" }
  | { readonly kind: "known"; readonly exchange: Exchange };

export type NetworkStore = {
  readonly member: (institution: string) => Promise<Member | undefined>;
  /** The issuer of a card number by its longest known prefix. */
  readonly issuerOf: (pan: string) => Promise<string | undefined>;
  /** Writes a request down, unless its key is taken. */
  readonly open: (exchange: Exchange) => Promise<Opened>;
  readonly find: (key: string) => Promise<Exchange | undefined>;
  /** Takes a timed-out exchange up again for this owner and lease; false where it is not that. */
  readonly reopen: (exchange: Exchange) => Promise<boolean>;
  /** Ends what this owner has in flight; false where it ended otherwise meanwhile. */
  readonly end: (ending: Ending) => Promise<boolean>;
  /** Ends it as `end` does and stores its reversal, if it has one, in the same commit. */
  readonly abandon: (ending: Ending, reversal: Advice | undefined) => Promise<boolean>;
  /** Keeps an answer that came when nobody waited any more; false where it is not known. */
  readonly late: (key: string, reply: MessageFields) => Promise<boolean>;
  /** Exchanges in flight after their lease: their owner is gone. */
  readonly expired: (now: number, limit: number) => Promise<Exchange[]>;
  /** The next trace number of the network's own messages: six digits, never 000000. */
  readonly trace: () => Promise<string>;
  /** Stores an advice; the digest of what has its key already, or undefined where it is new. */
  readonly take: (advice: Advice) => Promise<string | undefined>;
  /**
   * Advices that should be sent now, the oldest first. Of those about one message only the first
   * that is not acknowledged: a refund must not overtake the tip before it.
   */
  readonly due: (now: number, limit: number) => Promise<Advice[]>;
  /** Notes, before they are sent, that advices are sent once more and when to try again. */
  readonly attempt: (keys: readonly string[], nextDue: readonly number[]) => Promise<void>;
  /** Notes that the issuer took an advice over, with the response code that it gave. */
  readonly acknowledge: (key: string, code: string, at: number) => Promise<void>;
  /** Makes all waiting advices for an institution due: it can be reached again. */
  readonly wake: (institution: string, now: number) => Promise<void>;
};
