/** What the bank knows of the test cards before the first payment: cards, accounts, opening balances. */
import { bucketOf } from "@tillway/database";
import { currency, maskPan, uuidv7 } from "@tillway/money";
import type { Account, Journal } from "@tillway/ledger";
import { demonstrationProfiles } from "@tillway/emv";
import type { BankKeys } from "../../apps/issuer/src/bank/index.ts";
import type { CardRecord } from "../../apps/issuer/src/cards/index.ts";
import { accountsFor, fundingJournal, type Holder } from "../../apps/issuer/src/ledger/index.ts";
import type { Dice } from "../world/dice.ts";
import type { Vault } from "./ceremony.ts";
import { cardNames, masterKeys, profileOf } from "./wallet.ts";

export type Issued = {
  readonly keys: BankKeys;
  readonly cards: readonly CardRecord[];
  readonly holders: readonly Holder[];
  readonly accounts: readonly Account[];
  /** What puts the opening balances into the accounts. */
  readonly funding: readonly Journal[];
};

/** So wide that on a test card it is the balance that refuses. */
const LIMITS = { transactionLimit: 10n ** 12n, dayLimit: 10n ** 15n, dayCountLimit: 1_000_000 };
const PVKI = "1";

/** The bank's keys; what makes cryptograms is what the keys of the test cards derive from. */
async function keysOf(vault: Vault, zmk: string): Promise<BankKeys> {
  const byScheme = new Map<string, { readonly ac: string; readonly smi: string }>();
  for (const scheme of new Set(cardNames.map((name) => profileOf(name).scheme))) {
    byScheme.set(scheme, {
      ac: await vault.shared("E0", masterKeys.ac),
      smi: await vault.shared("E2", masterKeys.smi),
    });
  }
  return {
    zmk,
    pan: { key: await vault.own("D0", "aes"), tokenKey: await vault.own("M7", "hmac") },
    pvk: await vault.own("V2", "tdes"),
    cvk: await vault.own("C0", "tdes"),
    masterKeys: byScheme,
  };
}

export async function issueCards(
  vault: Vault,
  zmk: string,
  dice: Dice,
  when: { readonly now: number; readonly businessDate: string },
): Promise<Issued> {
  const keys = await keysOf(vault, zmk);
  const cards: CardRecord[] = [];
  const holders: Holder[] = [];
  const funding: Journal[] = [];
  for (const name of cardNames) {
    const profile = demonstrationProfiles().find((one) => one.name === name);
    if (!profile) throw new Error("no such test card");
    const { pan, pin, scheme, psn, expiry, serviceCode, account } = profile;
    const sealed = await vault.module.run({ do: "seal-pan", ...keys.pan, pan });
    const made = await vault.module.run({ do: "make-pvv", pvk: keys.pvk, pvki: PVKI, pin, pan });
    const known = currency(account.currency);
    if (!sealed.ok || !made.ok || !known) throw new Error("a test card cannot be issued");
    const id = `account-${name}`;
    const bucket = bucketOf(id);
    const holder = {
      id,
      bucket,
      currency: known.numeric,
      creditLimit: BigInt(account.creditLimit),
    };
    holders.push(holder);
    cards.push({
      token: sealed.token,
      name,
      account: id,
      accountBucket: bucket,
      currency: known.numeric,
      scheme,
      cryptogramVersion: profile.cryptogramVersion,
      panCipher: sealed.cipher,
      maskedPan: maskPan(pan),
      psn,
      expiry: expiry.slice(0, 4),
      serviceCode,
      domestic: scheme === "unionpay",
      partial: account.kind === "debit",
      status: "active",
      pvki: PVKI,
      pvv: made.pvv,
      pinRequired: account.kind === "debit",
      pinTries: 0,
      pinLimit: 1000,
      lastAtc: 0,
      wrongCryptograms: 0,
      ...LIMITS,
      dayDate: undefined,
      daySpent: 0n,
      dayCount: 0,
    });
    const opening = BigInt(account.openingBalance);
    if (opening === 0n) continue;
    funding.push(
      fundingJournal(holder, opening, `opening:${id}`, {
        id: uuidv7(when.now, dice.bytes(10)),
        businessDate: when.businessDate,
        occurredAt: when.now,
      }),
    );
  }
  return { keys, cards, holders, accounts: accountsFor(holders), funding };
}
