import { QrError } from "./errors.ts";

/**
 * A data object of a merchant-presented code: two digits of ID, and text or, in a template, further
 * data objects (EMV QRCPS merchant-presented mode).
 */
export type DataObject = {
  readonly id: string;
  readonly value: string | readonly DataObject[];
};

/** A data object as it stands in a text; offsets count characters of the whole code. */
export type PlacedObject = {
  readonly id: string;
  readonly offset: number;
  readonly value: string;
  readonly children?: readonly PlacedObject[];
};

/** ID and length, two digits each, before every value. */
export const HEAD = 4;

/**
 * Cuts `characters` (code points of a text or template that starts at `offset` of the code) into
 * data objects: ID, length in characters, value, nothing left over, no ID twice. Throws QrError
 * `short`, `identifier`, `length`, `duplicate`.
 */
export function readObjects(
  characters: readonly string[],
  path: readonly string[] = [],
  offset = 0,
): PlacedObject[] {
  const objects: PlacedObject[] = [];
  const seen = new Set<string>();
  for (let at = 0; at < characters.length;) {
    const here = offset + at;
    const id = characters.slice(at, at + 2).join("");
    if (!/^\d\d?$/.test(id)) {
      throw new QrError("identifier", path, here, "an ID is not two digits");
    }
    if (id.length < 2) throw new QrError("short", path, here, "the text ends inside an ID");
    const inside = [...path, id];
    const length = characters.slice(at + 2, at + HEAD).join("");
    if (length.length < 2) throw new QrError("short", inside, here + 2, "the length is cut off");
    if (!/^\d\d$/.test(length)) {
      throw new QrError("length", inside, here + 2, "the length is not two digits");
    }
    const end = at + HEAD + Number(length);
    if (end === at + HEAD) throw new QrError("length", inside, here + 2, "the length is zero");
    if (end > characters.length) {
      throw new QrError("short", inside, here + HEAD, "the value is shorter than its length says");
    }
    if (seen.has(id)) throw new QrError("duplicate", inside, here, "the ID stands twice");
    seen.add(id);
    objects.push({ id, offset: here, value: characters.slice(at + HEAD, end).join("") });
    at = end;
  }
  return objects;
}

/**
 * Data objects as text, in the order given. `offset` is where the text will stand in the code.
 * Throws QrError `identifier`, `length` (1 to 99 characters, code points), `characters`.
 */
export function writeObjects(
  objects: readonly DataObject[],
  path: readonly string[] = [],
  offset = 0,
): string {
  let text = "";
  let at = offset;
  for (const { id, value } of objects) {
    const inside = [...path, id];
    if (!/^\d\d$/.test(id)) throw new QrError("identifier", inside, at, "an ID is not two digits");
    const content = typeof value === "string" ? value : writeObjects(value, inside, at + HEAD);
    if (!content.isWellFormed()) {
      throw new QrError("characters", inside, at + HEAD, "half a surrogate pair is no character");
    }
    const length = [...content].length;
    if (length < 1 || length > 99) {
      throw new QrError("length", inside, at, "a value has 1 to 99 characters");
    }
    text += id + String(length).padStart(2, "0") + content;
    at += HEAD + length;
  }
  return text;
}

/** Data objects without their places: what `writeObjects` writes. */
export function plain(objects: readonly PlacedObject[]): DataObject[] {
  return objects.map(({ id, value, children }) => ({
    id,
    value: children === undefined ? value : plain(children),
  }));
}
