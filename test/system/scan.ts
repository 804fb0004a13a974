import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "@tillway/bytes";

/** Something that must not rest anywhere: digits (a PAN, a track, a PIN) or bytes (a PIN block). */
export type Secret = {
  readonly name: string;
  readonly digits?: string;
  readonly bytes?: Uint8Array;
};

/** One way in which a secret may be written down. */
export type Form = { readonly name: string; readonly bytes: Buffer };

/** Base64 of bytes at each of the three offsets that they may have in a longer text. */
function base64Forms(bytes: Uint8Array): Buffer[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    // The first characters mix with what stands before, the last with what stands behind.
    const from = offset === 0 ? 0 : offset === 1 ? 2 : 3;
    const whole = Math.floor(((offset + bytes.length) * 8) / 6);
    return Buffer.from(text.slice(from, whole));
  });
}

function formsOfBytes(bytes: Uint8Array): Form[] {
  return [
    { name: "bytes", bytes: Buffer.from(bytes) },
    { name: "hex", bytes: Buffer.from(toHex(bytes)) },
    { name: "hex in small letters", bytes: Buffer.from(toHex(bytes).toLowerCase()) },
    ...base64Forms(bytes).map((form) => ({ name: "base64", bytes: form })),
  ];
}

/** Every form in which a secret is looked for. */
export function formsOf(secret: Secret): Form[] {
  if (secret.bytes) return formsOfBytes(secret.bytes);
  const digits = secret.digits ?? "";
  const packed = digits.replaceAll("=", "D");
  // BCD at both alignments: only whole bytes can be looked for.
  const even = packed.slice(0, packed.length - (packed.length % 2));
  const odd = packed.slice(1, packed.length - ((packed.length - 1) % 2));
  return [
    ...formsOfBytes(Buffer.from(digits)),
    { name: "UTF-16", bytes: Buffer.from(digits, "utf16le") },
    ...[even, odd].flatMap((half) =>
      formsOfBytes(fromHex(half)).map((form) => ({ ...form, name: `BCD ${form.name}` })),
    ),
  ];
}

export type Finding = { readonly place: string; readonly secret: string; readonly form: string };

/** Where `content` holds one of the secrets, in whatever form. */
export function scan(place: string, content: Uint8Array, secrets: readonly Secret[]): Finding[] {
  const buffer = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  return secrets.flatMap((secret) =>
    formsOf(secret)
      .filter((form) => buffer.includes(form.bytes))
      .map((form) => ({ place, secret: secret.name, form: form.name })),
  );
}

/** Every file below a folder; files that vanish while they are listed are passed over. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Scans every file below a folder. */
export function scanFolder(folder: string, secrets: readonly Secret[]): Finding[] {
  return filesBelow(folder).flatMap((path) => {
    try {
      return scan(path.slice(folder.length + 1), readFileSync(path), secrets);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  });
}
