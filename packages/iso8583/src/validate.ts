import { type SpecProblem } from "./errors.ts";

/** Checks of data of unknown shape, each adding what it finds to one list. */

export type Path = readonly string[];

export type Found = { readonly problems: SpecProblem[] };

/** Checks one value; what is wrong goes to `found`. */
export type Check = (value: unknown, path: Path, found: Found) => void;

export function report(found: Found, path: Path, message: string): void {
  found.problems.push({ path, message });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const text: Check = (value, path, found) => {
  if (typeof value !== "string" || value === "" || value.length > 200) {
    report(found, path, "must be a text of 1 to 200 characters");
  }
};

export const anyText: Check = (value, path, found) => {
  if (typeof value !== "string" || value.length > 200) report(found, path, "must be a text");
};

export function matching(pattern: RegExp, what: string): Check {
  return (value, path, found) => {
    if (typeof value !== "string" || !pattern.test(value)) report(found, path, `must be ${what}`);
  };
}

export function oneOf(...allowed: readonly unknown[]): Check {
  return (value, path, found) => {
    if (!allowed.includes(value)) report(found, path, `must be one of ${allowed.join(", ")}`);
  };
}

export function integer(least: number, most: number): Check {
  return (value, path, found) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      report(found, path, `must be a whole number from ${least} to ${most}`);
    }
  };
}

export function listOf(check: Check, least = 0): Check {
  return (value, path, found) => {
    if (!Array.isArray(value) || value.length < least || value.length > 2000) {
      report(found, path, `must be a list of ${least} to 2000`);
      return;
    }
    for (const [index, one] of value.entries()) check(one, [...path, `${index}`], found);
  };
}

/** Any number of keys that match. */
export function recordOf(key: RegExp, check: Check): Check {
  return (value, path, found) => {
    if (!isRecord(value)) {
      report(found, path, "must be an object");
      return;
    }
    for (const [name, one] of Object.entries(value)) {
      if (!key.test(name)) report(found, [...path, name.slice(0, 20)], "is no key of this object");
      else check(one, [...path, name], found);
    }
  };
}

/** These keys and no others; `needed` must be there. */
export function object(
  needed: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  return (value, path, found) => {
    if (!isRecord(value)) {
      report(found, path, "must be an object");
      return;
    }
    for (const [key, check] of Object.entries(needed)) {
      if (Object.hasOwn(value, key)) check(value[key], [...path, key], found);
      else report(found, [...path, key], "is missing");
    }
    for (const [key, one] of Object.entries(value)) {
      if (Object.hasOwn(needed, key)) continue;
      if (Object.hasOwn(optional, key)) optional[key]?.(one, [...path, key], found);
      else report(found, [...path, key.slice(0, 20)], "is no setting");
    }
  };
}

/** Both, the second only where the first finds nothing. */
export function allOf(first: Check, second: Check): Check {
  return (value, path, found) => {
    const before = found.problems.length;
    first(value, path, found);
    if (found.problems.length === before) second(value, path, found);
  };
}
