/** The TLS keys of devices: made here, certified by the acquirer. */
import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import { keyUsages, makeRequest } from "@tillway/certificates";
import { readIfThere, writeSecret } from "./files.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const fileOf = (folder: string, name: string): string => join(folder, "tls", name);

/** A request for a certificate of a device, with a key that is made for it and stays here. */
export async function requestCertificate(folder: string, tid: string): Promise<string> {
  const { algorithm, usages } = keyUsages;
  const keys = await crypto.subtle.generateKey(algorithm, true, [...usages]);
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  writeSecret(fileOf(folder, `${tid}.key`), key.export({ format: "pem", type: "pkcs8" }));
  return makeRequest(tid, keys);
}

/** Keeps what the acquirer gave for a request. */
export function keepCertificate(
  folder: string,
  tid: string,
  { certificate, authority }: { readonly certificate: string; readonly authority: string },
): void {
  writeSecret(fileOf(folder, "authority.crt"), authority);
  writeSecret(fileOf(folder, `${tid}.crt`), certificate);
}

export type Certified = {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
};

/** The certificate of a device. Throws where it was provisioned without one. */
export function certificateOf(folder: string, tid: string): Certified {
  const [key, cert, ca] = [`${tid}.key`, `${tid}.crt`, "authority.crt"].map((name) =>
    readIfThere(fileOf(folder, name)),
  );
  if (!key || !cert || !ca) {
    throw new Error(`TILLWAY_POS_TLS=tls: terminal ${tid} has no certificate: provision it again`);
  }
  return { key: text(key), cert: text(cert), ca: text(ca) };
}
