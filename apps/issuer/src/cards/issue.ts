/** Issuing the demonstration cards, and setting them back to how they were issued. */
import type { CardProfile } from "@tillway/emv";
import { bucketOf, type Sql } from "@tillway/database";
import type { KeyBlock } from "@tillway/keys";
import { balances, openAccounts, postJournals } from "@tillway/ledger";
import { currency, maskPan, uuidv7 } from "@tillway/money";
import { transaction, withClient, type Database } from "../db/index.ts";
import { accountsFor, type Calendar, cardholderAccount, fundingJournal } from "../ledger/index.ts";
import { freeHolds, openAccount, type Account } from "./store/account.ts";
import { findCard, issueCard } from "./store/card.ts";
import { makeCard, sequenceOnFile, writeCard, type Bureau } from "./personalise.ts";

/** What issuing needs besides the bureau. */
export type Issuing = {
  readonly bureau: Bureau;
  readonly database: Database;
  readonly calendar: Calendar;
  readonly panKeys: { readonly key: KeyBlock; readonly tokenKey: KeyBlock };
  readonly pvk: KeyBlock;
  /** The data folder's `cards`, and its key. */
  readonly folder: string;
  readonly cardKey: Uint8Array;
};

const PVKI = "1";

/** So wide that on a demonstration card it is the balance that refuses. */
const LIMITS = { transaction: 10n ** 12n, day: 10n ** 15n, count: 1_000_000 };

/** The account behind a card of this profile. */
export function accountOf({ name, account }: CardProfile): Account {
  const known = currency(account.currency);
  if (!known) throw new RangeError(`the card ${name} has a currency that is not known`);
  const id = `account-${name}`;
  return {
    id,
    bucket: bucketOf(id),
    kind: account.kind === "credit" ? "credit" : "deposit",
    currency: known.numeric,
    creditLimit: BigInt(account.creditLimit),
    opening: BigInt(account.openingBalance),
  };
}

/** Opens the accounts of all profiles with their opening balances; those that exist stay. */
export async function openDemonstrationAccounts(
  issuing: Issuing,
  profiles: readonly CardProfile[],
  now: number,
): Promise<void> {
  const accounts = profiles.map(accountOf);
  const businessDate = await issuing.calendar.open(now);
  await transaction(issuing.database, async (sql) => {
    for (const profile of profiles) {
      const holder = { id: `holder-${profile.name}`, name: profile.cardholder };
      await openAccount(sql, accountOf(profile), holder, now);
    }
    await openAccounts(sql, "issuer", accountsFor(accounts));
    const funded = accounts.filter((account) => account.opening !== 0n);
    const results = await postJournals(
      sql,
      "issuer",
      funded.map((account) =>
        fundingJournal(account, account.opening, `opening:${account.id}`, {
          id: uuidv7(now, issuing.bureau.random(10)),
          businessDate,
          occurredAt: now,
        }),
      ),
    );
    const failed = results.find(({ code }) => code !== "posted" && code !== "repeated");
    if (failed) throw new Error(`an opening balance could not be posted: ${failed.code}`);
  });
}

/** Issues the card of a profile, unless it is issued and its file is there. True where it was made. */
export async function issueOnce(
  issuing: Issuing,
  profile: CardProfile,
  now: number,
): Promise<boolean> {
  const { token } = await sealed(issuing, profile.pan);
  const card = await withClient(issuing.database, (sql) => findCard(sql, token));
  const onFile = sequenceOnFile(issuing.folder, issuing.cardKey, profile.name);
  if (card && card.psn === onFile) return false;
  await issueAnew(issuing, profile, now);
  return true;
}

/** Issues the card of a profile, in place of the one that there is. */
export async function issueAnew(
  issuing: Issuing,
  profile: CardProfile,
  now: number,
): Promise<void> {
  const { bureau, database } = issuing;
  const { token, cipher } = await sealed(issuing, profile.pan);
  const verification = await bureau.module.run({
    do: "make-pvv",
    pvk: issuing.pvk,
    pvki: PVKI,
    pin: profile.pin,
    pan: profile.pan,
  });
  if (!verification.ok) throw new Error(verification.message);
  const psn = await transaction(database, async (sql) => {
    const known = await findCard(sql, token, "lock");
    const next = known ? nextSequence(known.psn) : profile.psn;
    const card = {
      token,
      name: profile.name,
      account: accountOf(profile).id,
      scheme: profile.scheme,
      cryptogramVersion: profile.cryptogramVersion,
      panCipher: cipher,
      maskedPan: maskPan(profile.pan),
      psn: next,
      expiry: profile.expiry.slice(0, 4),
      pvki: PVKI,
      pvv: verification.pvv,
      serviceCode: profile.serviceCode,
      // What is short of a debit account may be paid in another way; a credit line is given whole.
      partial: profile.account.kind === "debit",
      // A debit card of the demonstration always asks for its PIN.
      pinRequired: profile.account.kind === "debit",
      limits: LIMITS,
    };
    await issueCard(sql, card, now);
    return next;
  });
  const image = await makeCard(bureau, { ...profile, psn });
  writeCard(issuing.folder, issuing.cardKey, image, bureau.random);
}

function nextSequence(psn: string): string {
  return String((Number.parseInt(psn, 10) % 99) + 1).padStart(2, "0");
}

async function sealed(
  { bureau, panKeys }: Issuing,
  pan: string,
): Promise<{ readonly token: string; readonly cipher: string }> {
  const answer = await bureau.module.run({ do: "seal-pan", ...panKeys, pan });
  if (!answer.ok) throw new Error(answer.message);
  return answer;
}

/** All cards as new: sequence numbers, keys, counters, PIN tries, states, balances. */
export async function resetCards(
  issuing: Issuing,
  profiles: readonly CardProfile[],
  now: number,
): Promise<void> {
  const businessDate = await issuing.calendar.open(now);
  for (const profile of profiles) {
    await issueAnew(issuing, profile, now);
    const { token } = await sealed(issuing, profile.pan);
    await transaction(issuing.database, async (sql) => {
      // Payments of this card wait for its lock: the balance cannot move meanwhile.
      await findCard(sql, token, "lock");
      await freeHolds(sql, accountOf(profile));
      await restoreBalance(issuing, sql, accountOf(profile), { now, businessDate });
    });
  }
}

async function restoreBalance(
  issuing: Issuing,
  sql: Sql,
  account: Account,
  { now, businessDate }: { readonly now: number; readonly businessDate: string },
): Promise<void> {
  const code = cardholderAccount(account.id);
  const balance = (await balances(sql, "issuer", [code])).get(code) ?? 0n;
  if (balance === account.opening) return;
  const id = uuidv7(now, issuing.bureau.random(10));
  const journal = fundingJournal(account, account.opening - balance, `reset:${id}`, {
    id,
    businessDate,
    occurredAt: now,
  });
  const [result] = await postJournals(sql, "issuer", [journal]);
  if (result?.code !== "posted") throw new Error(`a balance could not be restored`);
}
