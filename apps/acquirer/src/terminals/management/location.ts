/**
 * What a terminal says of itself in DE 59 (spec §2.11 [1]): text items of tag (2), length (3) and
 * value. `A1`: place as "latitude,longitude" in degrees; `A2`: the device, itself items of tag (2),
 * length (2) and value: 01 kind, 02 serial number, 03 factor, 04 enciphered serial, 05 version [U].
 */

/** Millionths of a degree. */
export type Place = { readonly latitude: number; readonly longitude: number };

export type SaidOfItself = {
  readonly place?: Place;
  readonly kind?: string;
  readonly serial?: string;
  readonly version?: string;
};

/** Items of a text; undefined where it ends within one. */
function items(text: string, lengthDigits: number): Map<string, string> | undefined {
  const found = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    const length = text.slice(at + 2, at + 2 + lengthDigits);
    if (!/^\d+$/.test(length) || length.length !== lengthDigits) return undefined;
    const from = at + 2 + lengthDigits;
    const to = from + Number.parseInt(length, 10);
    if (to > text.length) return undefined;
    found.set(text.slice(at, at + 2), text.slice(from, to));
    at = to;
  }
  return found;
}

const DEGREES = /^([+-]?)(\d{1,3})\.(\d{1,6})$/;

function millionths(degrees: string, most: number): number | undefined {
  const [, sign, whole = "", part = ""] = DEGREES.exec(degrees) ?? [];
  if (whole === "") return undefined;
  const value = Number.parseInt(whole + part.padEnd(6, "0"), 10);
  if (value > most * 1_000_000) return undefined;
  return sign === "-" ? -value : value;
}

/** Reads DE 59; undefined where it has not this form. */
export function readDe59(text: string): SaidOfItself | undefined {
  const outer = items(text, 3);
  if (!outer) return undefined;
  const device = items(outer.get("A2") ?? "", 2);
  if (!device) return undefined;
  const [latitude, longitude] = (outer.get("A1") ?? "").split(",");
  const place = {
    latitude: millionths(latitude ?? "", 90),
    longitude: millionths(longitude ?? "", 180),
  };
  if (outer.has("A1") && (place.latitude === undefined || place.longitude === undefined)) {
    return undefined;
  }
  const { latitude: north, longitude: east } = place;
  const known =
    north === undefined || east === undefined
      ? {}
      : { place: { latitude: north, longitude: east } };
  const [kind, serial, version] = ["01", "02", "05"].map((tag) => device.get(tag));
  return {
    ...known,
    ...(kind === undefined ? {} : { kind }),
    ...(serial === undefined ? {} : { serial }),
    ...(version === undefined ? {} : { version }),
  };
}

const EARTH_METRES = 6_371_000;
const radians = (micro: number): number => (micro / 1_000_000) * (Math.PI / 180);

/** Metres between two places, along a great circle. */
export function distance(one: Place, other: Place): number {
  const [north, south] = [radians(one.latitude), radians(other.latitude)];
  const east = radians(other.longitude - one.longitude);
  const half =
    Math.sin((south - north) / 2) ** 2 +
    Math.cos(north) * Math.cos(south) * Math.sin(east / 2) ** 2;
  return 2 * EARTH_METRES * Math.asin(Math.min(1, Math.sqrt(half)));
}

export type Binding = {
  readonly serial: string;
  /** Where the terminal may be used; undefined: anywhere. */
  readonly place: (Place & { readonly radiusMetres: number }) | undefined;
};

/** What is wrong with what a terminal says of itself; undefined where it fits its binding. */
export function misplaced(
  said: SaidOfItself,
  { serial, place }: Binding,
): "other-serial" | "other-place" | undefined {
  if (said.serial !== undefined && said.serial !== serial) return "other-serial";
  if (!place) return undefined;
  // A terminal that is bound to a place says where it is (银发〔2021〕259号).
  if (!said.place || distance(said.place, place) > place.radiusMetres) return "other-place";
  return undefined;
}
