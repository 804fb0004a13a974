/** Making a card: its keys out of the bank's master keys, its certificates, its sealed file. */
import { join } from "node:path";
import { fromHex, toHex, xor } from "@tillway/bytes";
import {
  contactlessProfiles,
  personalise,
  personaliseContactless,
  type CardImage,
  type CardKeys,
  type CardProfile,
  type ContactlessImage,
} from "@tillway/emv";
import { ecbDecrypt, open, seal, type KeyBlock } from "@tillway/keys";
import type { Random, SecurityModule } from "@tillway/keys";
import { readIfThere, writeSecret } from "../files.ts";
import { caIndex, issuerCertificate, newCardKey, type Authority } from "./authority.ts";

/** The bank's EMV master keys of a scheme, as key blocks. */
export type MasterKeys = { readonly ac: KeyBlock; readonly smi: KeyBlock; readonly smc: KeyBlock };

/** What a personalisation bureau has: the module, the keys, the authority that vouches for it. */
export type Bureau = {
  readonly module: SecurityModule;
  readonly random: Random;
  readonly masterKeys: ReadonlyMap<string, MasterKeys>;
  /** Makes card verification values. */
  readonly cvk: KeyBlock;
  readonly authorities: readonly Authority[];
};

/** A card as its file holds it: its chip and stripe, and its faces towards contactless readers. */
export type FiledCard = CardImage & { readonly contactless: readonly ContactlessImage[] };

/** A card from a profile; keys and PIN are in it in clear, as in a chip. */
export async function makeCard(bureau: Bureau, profile: CardProfile): Promise<FiledCard> {
  const rid = profile.aid.slice(0, 10);
  const authority = bureau.authorities.find((one) => one.rid === rid);
  const master = bureau.masterKeys.get(profile.scheme);
  if (!authority || !master) throw new Error(`no keys for cards of ${profile.scheme}`);
  const keys = {
    caIndex,
    issuer: authority.issuer,
    certificate: issuerCertificate(authority, profile.pan.slice(0, 8)),
    icc: newCardKey(),
    symmetric: await cardKeys(bureau, master, profile),
    serial: toHex(bureau.random(3)),
  };
  return {
    ...personalise(profile, keys, bureau.random),
    stripe: await stripeOf(bureau, profile),
    // No dynamic value of a track in contactless magnetic-stripe mode: this bank has no key for it.
    contactless: contactlessProfiles()
      .filter(({ card, magstripe }) => card === profile.name && !magstripe)
      .map((face) => personaliseContactless(face, profile, keys)),
  };
}

/** Track 2 (ISO/IEC 7813): five digits of the bank's own, then the card verification value. */
async function stripeOf({ module, cvk }: Bureau, profile: CardProfile): Promise<string> {
  const { pan, serviceCode } = profile;
  const expiry = profile.expiry.slice(0, 4);
  const made = await module.run({ do: "make-cvv", key: cvk, pan, expiry, serviceCode });
  if (!made.ok) throw new Error(made.message);
  return `${pan}D${expiry}${serviceCode}00000${made.cvv}`;
}

/** The card's three keys: they leave the module under a transport key that lives for this call. */
async function cardKeys(
  { module, random }: Bureau,
  master: MasterKeys,
  { pan, psn }: CardProfile,
): Promise<CardKeys> {
  const [one, other] = [random(16), random(16)];
  const transport = await module.run({
    do: "import-components",
    usage: "K0",
    algorithm: "tdes",
    components: [toHex(one), toHex(other)],
  });
  if (!transport.ok) throw new Error(transport.message);
  const derived = await module.run({
    do: "derive-icc-keys",
    imkAc: master.ac,
    imkSmi: master.smi,
    imkSmc: master.smc,
    pan,
    psn,
    under: transport.key,
  });
  if (!derived.ok) throw new Error(derived.message);
  const clear = (cipher: string): string =>
    toHex(ecbDecrypt("tdes", xor(one, other), fromHex(cipher)));
  return { ac: clear(derived.ac), smi: clear(derived.smi), smc: clear(derived.smc) };
}

const context = (name: string): string => `card/${name}`;

/** Writes a card into the folder where readers find it, sealed under the folder's key. */
export function writeCard(folder: string, key: Uint8Array, image: FiledCard, random: Random): void {
  const { name } = image.profile;
  const text = new TextEncoder().encode(JSON.stringify(image));
  writeSecret(join(folder, `${name}.card`), seal(key, random(12), text, context(name)));
}

/** The sequence number of the card in the folder; undefined where there is none that opens. */
export function sequenceOnFile(folder: string, key: Uint8Array, name: string): string | undefined {
  const sealed = readIfThere(join(folder, `${name}.card`));
  const clear = sealed && open(key, sealed, context(name));
  if (!clear) return undefined;
  // Sealed by `writeCard` and bound to this name by its seal.
  return (JSON.parse(new TextDecoder().decode(clear)) as CardImage).profile.psn;
}
