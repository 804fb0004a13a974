import type { Fields, Form } from "../module/form.ts";

/** Why a value is not of its form. */
export type JsonFault = "missing" | "form" | "unknown";

type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly path: string; readonly fault: JsonFault };

/** The members of an object that its form names, bytes as base64; others are left out. */
export function writeFields(fields: Fields, value: object): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  const members: Readonly<Record<string, unknown>> = { ...value };
  for (const name in fields) {
    if (Object.hasOwn(members, name)) written[name] = write(members[name]);
  }
  return written;
}

/** The members that a form names, each of its own form, and no others. */
export function readFields(
  fields: Fields,
  value: Readonly<Record<string, unknown>>,
): Read<Record<string, unknown>> {
  const read: Record<string, unknown> = {};
  for (const name in fields) {
    const form = fields[name] ?? "text";
    const optional = typeof form === "object" && "maybe" in form;
    if (!Object.hasOwn(value, name)) {
      if (optional) continue;
      return { ok: false, path: name, fault: "missing" };
    }
    const part = readValue(optional ? form.maybe : form, value[name]);
    if (!part.ok) {
      return { ...part, path: part.path === "" ? name : `${name}.${part.path}` };
    }
    read[name] = part.value;
  }
  for (const name in value) {
    // The name of what is not known may be anything: it is not repeated.
    if (!Object.hasOwn(fields, name)) return { ok: false, path: "member", fault: "unknown" };
  }
  return { ok: true, value: read };
}

function write(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.toBase64();
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, write(part)]));
}

function readValue(form: Form, value: unknown): Read<unknown> {
  if (typeof form !== "string") {
    if ("maybe" in form) return readValue(form.maybe, value);
    if ("fields" in form) return isRecord(value) ? readFields(form.fields, value) : wrong;
    return form.some((one) => one === value) ? { ok: true, value } : wrong;
  }
  switch (form) {
    case "text":
      return typeof value === "string" ? { ok: true, value } : wrong;
    case "flag":
      return typeof value === "boolean" ? { ok: true, value } : wrong;
    case "texts":
      return Array.isArray(value) && value.every((part) => typeof part === "string")
        ? { ok: true, value }
        : wrong;
    case "bytes":
      return typeof value === "string" ? readBytes(value) : wrong;
  }
}

function readBytes(text: string): Read<Uint8Array> {
  // White space, which the decoder would skip, would give the same bytes a second text.
  if (!/^[A-Za-z0-9+/=]*$/.test(text)) return wrong;
  try {
    return { ok: true, value: Uint8Array.fromBase64(text, { lastChunkHandling: "strict" }) };
  } catch (error) {
    if (error instanceof SyntaxError) return wrong;
    throw error;
  }
}

const wrong = { ok: false, path: "", fault: "form" } as const;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
