/** What the bank knows of a card. */
import type { CryptogramVersion } from "@tillway/keys";

/** What decisions look at and change. Amounts in minor units. */
export type CardFacts = {
  readonly status: "active" | "lost" | "stolen" | "restricted";
  /** Last month of validity, YYMM. */
  readonly expiry: string;
  readonly currency: string;
  /** As on its stripe: where and how it may be used (ISO/IEC 7813). */
  readonly serviceCode: string;
  /** Of this country's own scheme. */
  readonly domestic: boolean;
  /** Whether its product knows partial approvals. */
  readonly partial: boolean;
  readonly pinRequired: boolean;
  /** Wrong PINs since the last right one, and how many block the card. */
  readonly pinTries: number;
  readonly pinLimit: number;
  readonly lastAtc: number;
  readonly wrongCryptograms: number;
  readonly transactionLimit: bigint;
  readonly dayLimit: bigint;
  readonly dayCountLimit: number;
  /** Spent on `dayDate`; another date starts anew. */
  readonly dayDate: string | undefined;
  readonly daySpent: bigint;
  readonly dayCount: number;
};

/** A card as it is kept; no card number in the clear. */
export type CardRecord = CardFacts & {
  readonly token: string;
  readonly name: string;
  readonly account: string;
  readonly accountBucket: number;
  readonly scheme: string;
  readonly cryptogramVersion: CryptogramVersion;
  readonly panCipher: string;
  readonly maskedPan: string;
  readonly psn: string;
  readonly pvki: string;
  readonly pvv: string;
};
