import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "@tillway/bytes";
import { runOnce, type PartOptions } from "./process.ts";

/** The demonstration merchant and its devices: a synthetic café with two terminals. */
const merchant = {
  mid: "898290058120001",
  name: "Tillway Cafe",
  nameZh: "收单通咖啡",
  mcc: "5812",
  feePpm: 6000,
};
const devices = [
  { tid: "10000001", serial: "TW00000001" },
  { tid: "10000002", serial: "TW00000002" },
];

const component = (): string => toHex(randomBytes(16));
const pair = (): [string, string] => [component(), component()];

type Provisioned = {
  readonly terminals: readonly {
    readonly tid: string;
    readonly tmkBlock: string;
    readonly certificate?: string;
  }[];
  readonly authority: string;
};

/**
 * The first start of an installation: keys are agreed between the parties and the demonstration data
 * is loaded. Each key travels as two components over the standard input of each party's own
 * provisioning command, and rests only in that party's key blocks. Does nothing the second time;
 * an interrupted first start is repeated whole.
 */
export async function firstStart(
  data: string,
  part: (name: PartOptions["name"]) => PartOptions,
): Promise<{ readonly apiKey?: string }> {
  const mark = join(data, "provisioned.json");
  if (existsSync(mark)) return {};
  const acquirerZmk = pair();
  const links = [
    { institution: "48021000", components: acquirerZmk },
    { institution: "63031000", components: pair() },
  ];
  const transport = devices.map((device) => ({ ...device, transportComponents: pair() }));

  const issuer = await runOnce(part("issuer"), "provision.ts", { links });
  const { requests } = (await runOnce(part("terminal"), "csr.ts", {
    terminals: devices.map(({ tid }) => tid),
  })) as { readonly requests: Readonly<Record<string, string>> };
  const acquirer = await runOnce(part("acquirer"), "provision.ts", {
    zmkComponents: acquirerZmk,
    caKeys: issuer.caKeys,
    merchant,
    terminals: transport.map((device) => ({
      ...device,
      certificateRequest: requests[device.tid],
    })),
  });
  // Each party's provisioning is of this same release: its answer has the shape it documents.
  const { terminals: registered, authority } = acquirer as Provisioned;
  const known = new Map(registered.map((one) => [one.tid, one]));
  await runOnce(part("terminal"), "provision.ts", {
    terminals: transport.map((device) => ({
      ...device,
      mid: merchant.mid,
      merchantName: merchant.name,
      merchantNameZh: merchant.nameZh,
      tmkBlock: known.get(device.tid)?.tmkBlock,
      certificate: known.get(device.tid)?.certificate,
    })),
    authority,
    caKeys: issuer.caKeys,
  });
  const done = { merchant: merchant.mid, terminals: devices.map((device) => device.tid) };
  writeFileSync(mark, `${JSON.stringify(done)}\n`, { mode: 0o600 });
  return typeof acquirer.apiKey === "string" ? { apiKey: acquirer.apiKey } : {};
}
