/** Reading values of unknown shape: each problem is named, and a harmless value stands in for it. */

/** Collected problems, `path: what is allowed`. Values themselves are never repeated. */
export type Problems = string[];

export function object(value: unknown, path: string, problems: Problems): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { ...value };
  }
  problems.push(`${path}: an object`);
  return {};
}

export function list(value: unknown, path: string, problems: Problems): readonly unknown[] {
  if (Array.isArray(value)) return value;
  problems.push(`${path}: a list`);
  return [];
}

export function flag(value: unknown, path: string, problems: Problems): boolean {
  if (typeof value === "boolean") return value;
  problems.push(`${path}: true or false`);
  return false;
}

export function integer(
  value: unknown,
  least: number,
  most: number,
  path: string,
  problems: Problems,
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  problems.push(`${path}: a whole number from ${least} to ${most}`);
  return least;
}

export function pattern(
  value: unknown,
  expected: RegExp,
  allowed: string,
  path: string,
  problems: Problems,
): string {
  if (typeof value === "string" && expected.test(value)) return value;
  problems.push(`${path}: ${allowed}`);
  return "";
}

/** Hex digits of `least` to `most` bytes, given back in uppercase. */
export function hex(
  value: unknown,
  least: number,
  most: number,
  path: string,
  problems: Problems,
): string {
  const given = typeof value === "string" && /^([0-9A-Fa-f]{2})*$/.test(value) ? value : undefined;
  if (given !== undefined && given.length >= least * 2 && given.length <= most * 2) {
    return given.toUpperCase();
  }
  const size = least === most ? `${least}` : `${least} to ${most}`;
  problems.push(`${path}: hex digits of ${size} bytes`);
  return "";
}

/** Printable ASCII of `least` to `most` characters. */
export function text(
  value: unknown,
  least: number,
  most: number,
  path: string,
  problems: Problems,
): string {
  const fits =
    typeof value === "string" &&
    value.length >= least &&
    value.length <= most &&
    /^[\x20-\x7e]*$/.test(value);
  if (fits) return value;
  const size = least === most ? `${least}` : `${least} to ${most}`;
  problems.push(`${path}: ${size} ASCII characters`);
  return "";
}

/** An amount in minor units as up to twelve decimal digits. */
export function amount(value: unknown, path: string, problems: Problems): string {
  return pattern(value, /^\d{1,12}$/, "one to twelve digits, minor units", path, problems);
}

export function choice<const Allowed extends readonly [string, ...string[]]>(
  value: unknown,
  allowed: Allowed,
  path: string,
  problems: Problems,
): Allowed[number] {
  const found = allowed.find((entry) => entry === value);
  if (found !== undefined) return found;
  problems.push(`${path}: ${allowed.join(" or ")}`);
  return allowed[0];
}

export function optional<Value>(
  value: unknown,
  read: (value: unknown) => Value,
): Value | undefined {
  return value === undefined ? undefined : read(value);
}
