/** The personalisation bureau of an installation, put together from its files and key blocks. */
import { demonstrationProfiles } from "@tillway/emv";
import type { KeyBlock, Random, SecurityModule } from "@tillway/keys";
import type { Database } from "../db/index.ts";
import type { Folder } from "../folder.ts";
import { panKeysOf } from "../keys/index.ts";
import type { MasterKeys } from "./personalise.ts";
import type { Calendar } from "../ledger/index.ts";
import { keptAuthorities } from "./authority.ts";
import type { Issuing } from "./issue.ts";

export type BureauParts = {
  readonly module: SecurityModule;
  readonly random: Random;
  readonly database: Database;
  readonly calendar: Calendar;
  readonly folder: Folder;
};

/** What is needed to issue cards; undefined where the bank's keys are not made yet. */
export function openIssuing(
  parts: BureauParts,
  blocks: ReadonlyMap<string, KeyBlock>,
): Issuing | undefined {
  const { module, random, database, calendar, folder } = parts;
  const profiles = demonstrationProfiles();
  const panKeys = panKeysOf(blocks);
  const pvk = blocks.get("pvk");
  const cvk = blocks.get("cvk");
  const schemes = [...new Set(profiles.map((profile) => profile.scheme))];
  const masterKeys = new Map(
    schemes.flatMap((scheme) => {
      const keys = masterKeysOf(blocks, scheme);
      return keys ? [[scheme, keys] as const] : [];
    }),
  );
  if (!panKeys || !pvk || !cvk || masterKeys.size < schemes.length) return undefined;
  const rids = [...new Set(profiles.map((profile) => profile.aid.slice(0, 10)))];
  const authorities = keptAuthorities(folder.authorities, folder.authorityKey(), rids, random);
  return {
    bureau: { module, random, masterKeys, cvk, authorities },
    database,
    calendar,
    panKeys,
    pvk,
    folder: folder.cards,
    cardKey: folder.cardKey(),
  };
}

/** The EMV master keys of a scheme; undefined where they are not made yet. */
function masterKeysOf(
  blocks: ReadonlyMap<string, KeyBlock>,
  scheme: string,
): MasterKeys | undefined {
  const ac = blocks.get(`imk-ac:${scheme}`);
  const smi = blocks.get(`imk-smi:${scheme}`);
  const smc = blocks.get(`imk-smc:${scheme}`);
  return ac && smi && smc ? { ac, smi, smc } : undefined;
}
