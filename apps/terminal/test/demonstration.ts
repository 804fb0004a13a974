/** A data folder as the first start makes it: a provisioned device, and one card in the tray. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "@tillway/bytes";
import { readConfiguration } from "@tillway/configuration";
import {
  contactlessProfiles,
  demonstrationProfiles,
  makeCaKey,
  personalise,
  personaliseContactless,
  rsaKeyOf,
  signIssuerCertificate,
  type CardImage,
  type CardProfile,
  type ContactlessImage,
} from "@tillway/emv";
import { createSoftwareModule, seal, unwrapKey } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import { pino, type Logger } from "pino";
import { createTerminals, type Terminals } from "../src/app.ts";
import { terminalSettings } from "../src/settings.ts";
import { ScriptedHost } from "./scripted-host.ts";

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const rsa = (modulusLength: number) =>
  rsaKeyOf(generateKeyPairSync("rsa", { modulusLength, publicExponent: 3 }).privateKey);

export const tid = "10000001";
export const cardName = "unionpay-debit";
export const pan = "6216261000000000018";
export const pin = "123456";

const clock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export type Demonstration = {
  readonly data: string;
  readonly host: ScriptedHost;
  readonly image: CardImage;
  /** The master key as it was sent to the device. */
  readonly sent: { readonly transportComponents: string[]; readonly tmkBlock: string };
  readonly logged: string[];
  readonly start: (settings?: Record<string, string>) => Promise<Terminals>;
  readonly environment: Record<string, string>;
  readonly close: () => Promise<void>;
};

/** The cards of the tests: a demonstration profile each, some with a way of their own. */
function profiles(): CardProfile[] {
  const found = (name: string): CardProfile => {
    const one = demonstrationProfiles().find((profile) => profile.name === name);
    if (!one) throw new Error("no such demonstration card");
    return one;
  };
  const debit = found(cardName);
  const signing = { amountX: "0", amountY: "0", rules: ["5E00"] };
  return [
    debit,
    found("unionpay-credit"),
    found("visa"),
    { ...debit, name: "signs", pan: "6216261000000002485", cvm: signing },
    { ...debit, name: "plain-pin", pan: "6210948000000011", cvm: { ...signing, rules: ["4100"] } },
    {
      ...debit,
      name: "enciphered-pin",
      pan: "6212345678901265",
      cvm: { ...signing, rules: ["4400"] },
      enciphersPin: "icc-key",
    },
    { ...debit, name: "unverified", pan: "6250947000000014", cvm: { ...signing, rules: ["1F00"] } },
    { ...found("visa"), name: "stripe-only", pan: "4761739001010119", serviceCode: "101" },
    { ...debit, name: "domestic-stripe", pan: "6210948000000011", serviceCode: "120" },
  ];
}

/** A card as its file holds it: the chip, its faces without contacts, its stripe. */
export type FiledImage = CardImage & {
  readonly contactless: readonly ContactlessImage[];
  readonly stripe: string;
};

/** Cards of an authority made here, and the authority's public key. */
export function makeCards() {
  const [ca, issuer, icc] = [rsa(1408), rsa(1152), rsa(1024)];
  const terms = { identity: "62162610", expiry: "1239", serial: "000001" };
  const images = profiles().map((profile): FiledImage => {
    const keys = {
      caIndex: "F1",
      issuer,
      certificate: signIssuerCertificate(ca, issuer, {
        ...terms,
        identity: profile.pan.slice(0, 8),
      }),
      icc,
      symmetric: { ac: toHex(random(16)), smi: toHex(random(16)), smc: toHex(random(16)) },
      serial: "000002",
    };
    const faces = contactlessProfiles().filter(
      ({ card, magstripe }) => card === profile.name && !magstripe,
    );
    return {
      ...personalise(profile, keys, random),
      contactless: faces.map((face) => personaliseContactless(face, profile, keys)),
      stripe: `${profile.pan}D${profile.expiry.slice(0, 4)}${profile.serviceCode}00000123`,
    };
  });
  const caKeys = ["A000000333", "A000000003"].map((rid) =>
    makeCaKey({ rid, index: "F1", key: ca, label: "test", expiry: "20391231" }),
  );
  const [image] = images;
  const [caKey] = caKeys;
  if (!image || !caKey) throw new Error("no cards");
  return { images, image, caKeys, caKey };
}

/** The acquirer's side of provisioning: a terminal master key under the transport key. */
async function makeMasterKey(components: readonly string[]) {
  const masterKey = random(32);
  const module = createSoftwareModule({ masterKey, random });
  const transport = await module.run({
    do: "import-components",
    usage: "K1",
    algorithm: "tdes",
    components,
  });
  const tmk = await module.run({
    do: "generate-key",
    usage: "K0",
    algorithm: "tdes",
    bytes: 16,
    exportable: true,
  });
  if (!transport.ok || !tmk.ok) throw new Error("no keys");
  const sent = await module.run({ do: "export-key-block", key: tmk.key, under: transport.key });
  const clear = unwrapKey(masterKey, tmk.key);
  if (!sent.ok || !clear.ok) throw new Error("no keys");
  return { tmk: clear.key, tmkBlock: sent.block };
}

export function writeCards(data: string, images: readonly CardImage[]): void {
  const cards = join(data, "cards");
  mkdirSync(cards, { recursive: true });
  const key = random(32);
  writeFileSync(join(cards, "card.key"), key, { mode: 0o600 });
  for (const image of images) {
    const clear = new TextEncoder().encode(JSON.stringify(image));
    const { name } = image.profile;
    writeFileSync(join(cards, `${name}.card`), seal(key, random(12), clear, `card/${name}`));
  }
}

export async function demonstration(): Promise<Demonstration> {
  const data = mkdtempSync(join(tmpdir(), "tillway-terminal-"));
  const components = [toHex(random(16)), toHex(random(16))];
  const { image, images, caKeys } = makeCards();
  const { tmk, tmkBlock } = await makeMasterKey(components);
  writeCards(data, images);
  const environment = { TILLWAY_DATA: data };
  const document = {
    terminals: [
      {
        tid,
        mid: "898290058120001",
        merchantName: "Tillway Cafe",
        merchantNameZh: "收单通咖啡",
        serial: "TW00000001",
        transportComponents: components,
        tmkBlock,
      },
    ],
    caKeys,
  };
  const done = spawnSync(process.execPath, [join(import.meta.dirname, "../src/provision.ts")], {
    input: JSON.stringify(document),
    env: { ...process.env, ...environment },
    encoding: "utf8",
  });
  if (done.status !== 0) throw new Error(done.stderr);
  const host = await new ScriptedHost({ tmk, images }).listen();
  const logged: string[] = [];
  const log: Logger = pino({ level: "debug" }, { write: (line: string) => logged.push(line) });
  const running: Terminals[] = [];
  const start = async (settings: Record<string, string> = {}): Promise<Terminals> => {
    const configuration = readConfiguration(terminalSettings, {
      ...environment,
      TILLWAY_POS_PORT: String(host.port),
      TILLWAY_REPLY_MS: "400",
      ...settings,
    });
    const terminals = await createTerminals({
      configuration: { ...configuration, TILLWAY_TERMINAL_PORT: 0 },
      clock,
      random,
      log,
    });
    running.push(terminals);
    return terminals;
  };
  const close = async (): Promise<void> => {
    for (const terminals of running) await terminals.close();
    await host.close();
    rmSync(data, { recursive: true, force: true });
  };
  const sent = { transportComponents: components, tmkBlock };
  return { data, host, image, sent, logged, start, environment, close };
}

/** Waits until something holds; fails after `withinMs`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 10_000,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
