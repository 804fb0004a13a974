import { fromHex, toHex } from "@tillway/bytes";

/** A vector whose inputs cannot be read; says which one. */
export class VectorError extends Error {}

/** An input that is there and can never be right: where a refusal is published, this is one. */
export class WrongInput extends VectorError {}

/** One computed value; bytes are in hex. */
export type Output = string | number | readonly string[];

/** What a computation of one vector comes to. */
export type Computed =
  | { readonly is: "outputs"; readonly outputs: Readonly<Record<string, Output>> }
  | { readonly is: "refused" }
  | { readonly is: "not-covered"; readonly what: string };

/** The inputs of one vector, read by name. */
export type Inputs = {
  readonly has: (name: string) => boolean;
  readonly is: (name: string, value: string | number) => boolean;
  readonly text: (name: string) => string;
  readonly texts: (name: string) => readonly string[];
  readonly number: (name: string) => number;
  readonly bytes: (name: string) => Uint8Array;
};

/** Wraps a vector's `inputs` or `outputs`. A missing or null value counts as absent. */
export function readInputs(values: Readonly<Record<string, unknown>>): Inputs {
  const text = (name: string): string => {
    const value = values[name];
    if (typeof value === "string") return value;
    throw new VectorError(`input ${name} is missing or not text`);
  };
  return {
    has: (name) => values[name] !== undefined && values[name] !== null,
    is: (name, value) => values[name] === value,
    text,
    texts: (name) => {
      const value = values[name];
      if (isTexts(value)) return value;
      throw new VectorError(`${name} is missing or no list of texts`);
    },
    number: (name) => {
      const value = values[name];
      if (typeof value === "number" && Number.isInteger(value)) return value;
      throw new VectorError(`input ${name} is missing or not a whole number`);
    },
    bytes: (name) => {
      try {
        return fromHex(text(name));
      } catch (error) {
        if (error instanceof RangeError) throw new WrongInput(`input ${name} is not hex`);
        throw error;
      }
    },
  };
}

/** Outputs of which bytes are written in hex. */
export function outputs(values: Record<string, Output | Uint8Array>): Computed {
  const written = Object.entries(values).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? toHex(value) : value,
  ]);
  return { is: "outputs", outputs: Object.fromEntries(written) };
}

export const refusedVector: Computed = { is: "refused" };

export function notCovered(what: string): Computed {
  return { is: "not-covered", what };
}

/** Whether this is a list of texts. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((part) => typeof part === "string");
}
