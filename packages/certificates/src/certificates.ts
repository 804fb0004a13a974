/**
 * Certificates by which a terminal and its acquirer know each other on TLS: a private authority of the
 * acquirer, requests that devices make of their own keys, certificates for both sides (RFC 5280,
 * RFC 2986). ECDSA on P-256. Keys, times and serial numbers are passed in; texts are PEM.
 */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

/** Parameters of WebCrypto for the keys that the functions here take. */
export const keyUsages = {
  algorithm: { name: "ECDSA", namedCurve: "P-256" },
  usages: ["sign", "verify"],
} as const;

const signing = { name: "ECDSA", hash: "SHA-256" };

/** `certificate` is PEM, `key` its private key. */
export type Authority = { readonly certificate: string; readonly key: CryptoKey };

type Validity = {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** Hex; positive and unique within an authority. */
  readonly serial: string;
};

/** The common name of a subject as RFC 4514 writes it; what needs escaping is not taken. */
function commonName(name: string): string {
  if (!/^[0-9A-Za-z .-]{1,64}$/.test(name)) throw new RangeError("not a name for a certificate");
  return `CN=${name}`;
}

/** A certificate that signs others, by itself. Its keys may be made of `keyUsages`. */
export async function makeAuthority(
  name: string,
  keys: CryptoKeyPair,
  { from, to, serial }: Validity,
): Promise<string> {
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: commonName(name),
    keys,
    serialNumber: serial,
    notBefore: new Date(from),
    notAfter: new Date(to),
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return made.toString("pem");
}

/** A device's request for a certificate with this name, signed by its own key. */
export async function makeRequest(name: string, keys: CryptoKeyPair): Promise<string> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: commonName(name),
    keys,
    signingAlgorithm: signing,
  });
  return request.toString("pem");
}

export type CertificateOptions = Validity & {
  readonly authority: Authority;
  /** PEM of a certificate request. */
  readonly request: string;
  /** The name that the holder gets, whatever its request says. */
  readonly name: string;
  /** Names and addresses of a server; empty for a client. */
  readonly hosts: readonly string[];
};

const isAddress = (host: string): boolean => /^[0-9.]+$|:/.test(host);

/**
 * Certifies the key of a request: for a server where it has hosts, else for a client. Throws
 * RangeError where the request is none or is not signed by the key that it names.
 */
export async function issueCertificate(options: CertificateOptions): Promise<string> {
  const { authority, hosts } = options;
  const request = await requested(options.request);
  const issuer = new x509.X509Certificate(authority.certificate);
  const server = hosts.length > 0;
  const usage = server ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const names = hosts.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value }) as const);
  const made = await x509.X509CertificateGenerator.create({
    subject: commonName(options.name),
    issuer: issuer.subject,
    publicKey: request.publicKey,
    signingKey: authority.key,
    signingAlgorithm: signing,
    serialNumber: options.serial,
    notBefore: new Date(options.from),
    notAfter: new Date(options.to),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage], true),
      ...(server ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return made.toString("pem");
}

async function requested(pem: string): Promise<x509.Pkcs10CertificateRequest> {
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
  } catch {
    throw new RangeError("not a certificate request");
  }
  if (!(await request.verify().catch(() => false))) {
    throw new RangeError("the certificate request is not signed by its own key");
  }
  return request;
}

/** The common name in a certificate's subject; undefined where there is none. */
export function nameOf(certificate: string): string | undefined {
  return new x509.X509Certificate(certificate).subjectName.getField("CN")[0];
}
