/** The authority of this installation's terminals, and the certificate of its own port for them. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { issueCertificate, keyUsages, makeAuthority, makeRequest } from "@tillway/certificates";
import type { Random } from "@tillway/keys";
import { readIfThere, writeSecret } from "./files.ts";
import type { TlsIdentity } from "./wire/index.ts";

/** Ten years: longer than a device is in use. */
const VALID_MS = 3653 * 86_400_000;
const { algorithm, usages } = keyUsages;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

type Folder = (name: string) => string;
const folderOf =
  (data: string): Folder =>
  (name) =>
    join(data, "acquirer", "tls", name);

const newKeys = (): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(algorithm, true, [...usages]);

async function pemOf(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", key));
  const pem = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return pem.export({ format: "pem", type: "pkcs8" });
}

async function privateKeyOf(pem: string): Promise<CryptoKey> {
  const der = createPrivateKey(pem).export({ format: "der", type: "pkcs8" });
  return crypto.subtle.importKey("pkcs8", Uint8Array.from(der), algorithm, false, ["sign"]);
}

/** A positive number of 127 bits: unique for all that one authority will certify. */
function serialFrom(random: Random): string {
  const bytes = Buffer.from(random(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

type Parts = { readonly data: string; readonly random: Random; readonly now: number };

const validityFrom = ({ random, now }: Parts) => ({
  from: now - 86_400_000,
  to: now + VALID_MS,
  serial: serialFrom(random),
});

/** Makes authority and server certificate where they are missing. `hosts`: names of this host. */
export async function ensureCertificates(parts: Parts, hosts: readonly string[]): Promise<void> {
  const path = folderOf(parts.data);
  if (readIfThere(path("server.crt"))) return;
  const own = await newKeys();
  const certificate = await makeAuthority("Tillway terminals", own, validityFrom(parts));
  const keys = await newKeys();
  const server = await issueCertificate({
    ...validityFrom(parts),
    authority: { certificate, key: own.privateKey },
    request: await makeRequest("acquirer", keys),
    name: "acquirer",
    hosts: [...new Set(["localhost", "127.0.0.1", ...hosts])],
  });
  writeSecret(path("authority.key"), await pemOf(own.privateKey));
  writeSecret(path("authority.crt"), certificate);
  writeSecret(path("server.key"), await pemOf(keys.privateKey));
  // Last: with it the set is whole.
  writeSecret(path("server.crt"), server);
}

/** A terminal's certificate for the key of its request. Throws RangeError where that is none. */
export async function certify(parts: Parts, tid: string, request: string): Promise<string> {
  const path = folderOf(parts.data);
  const [certificate, key] = [
    readIfThere(path("authority.crt")),
    readIfThere(path("authority.key")),
  ];
  if (!certificate || !key) throw new Error("the authority of terminals is missing");
  const authority = { certificate: text(certificate), key: await privateKeyOf(text(key)) };
  const validity = validityFrom(parts);
  return issueCertificate({ ...validity, authority, request, name: tid, hosts: [] });
}

/** The certificate of the authority; undefined before the first start of this release. */
export function authorityCertificate(data: string): string | undefined {
  const found = readIfThere(folderOf(data)("authority.crt"));
  return found && text(found);
}

/** What the port for terminals shows; undefined where no certificates were made. */
export function tlsIdentity(data: string, now: number): TlsIdentity | undefined {
  const path = folderOf(data);
  const [key, certificate, authority] = ["server.key", "server.crt", "authority.crt"].map((name) =>
    readIfThere(path(name)),
  );
  if (!key || !certificate || !authority) return undefined;
  if (new X509Certificate(text(certificate)).validToDate.getTime() < now) {
    throw new Error(
      "the certificate of the terminals' TLS port is over: remove acquirer/tls/server.*",
    );
  }
  return { key: text(key), certificate: text(certificate), authority: text(authority) };
}
