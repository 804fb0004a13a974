/** API keys: 256 random bits, shown once, kept as their SHA-256. */
import { createHash } from "node:crypto";

const FORM = /^tw_[A-Za-z0-9_-]{43}$/;

/** A new key from 32 random bytes. */
export function apiKeyFrom(random: Uint8Array): string {
  if (random.length !== 32) throw new RangeError("an API key needs 32 random bytes");
  return `tw_${Buffer.from(random).toString("base64url")}`;
}

/** What is stored of a key. A key of 256 random bits needs no salt and no slow hash. */
export function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** The key in an Authorization header, or undefined where there is none of our form. */
export function bearerKey(authorization: string | undefined): string | undefined {
  const key = /^Bearer (\S+)$/.exec(authorization ?? "")?.[1];
  return key !== undefined && FORM.test(key) ? key : undefined;
}
