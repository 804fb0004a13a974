/**
 * What the inputs and outputs of commands look like, as data: with it they are written on a wire
 * and read from one. The types below make the compiler compare these data with the commands' types.
 */
export type Form =
  | "text"
  | "bytes"
  | "flag"
  | "texts"
  | OneOf<string | number>
  | { readonly maybe: Form }
  | { readonly fields: Fields };

export type OneOf<T> = readonly T[];
export type Fields = { readonly [name: string]: Form };

/** A member that may be absent. */
export function maybe<const F extends Form>(form: F): { readonly maybe: F } {
  return { maybe: form };
}

/** The form that a value of this type has. */
type FormOf<T> = [T] extends [Uint8Array]
  ? "bytes"
  : [T] extends [boolean]
    ? "flag"
    : [T] extends [readonly string[]]
      ? "texts"
      : [T] extends [string]
        ? string extends T
          ? "text"
          : OneOf<T>
        : [T] extends [number]
          ? OneOf<T>
          : { readonly fields: FieldsOf<T> };

/** The forms of all members of an object type. */
export type FieldsOf<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K>
    ? { readonly maybe: FormOf<Exclude<T[K], undefined>> }
    : FormOf<T[K]>;
};

/** Types of commands: what each takes and gives. */
export type CommandTypes<T> = {
  readonly [N in keyof T]: { readonly in: object; readonly out: object };
};

/** The forms of commands of these types. */
export type FormsOf<T extends CommandTypes<T>> = {
  readonly [N in keyof T]: {
    readonly in: FieldsOf<T[N]["in"]>;
    readonly out: FieldsOf<T[N]["out"]>;
  };
};
