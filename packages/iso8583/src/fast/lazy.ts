import { MessageError } from "../errors.ts";
import { type MessageFields } from "../message.ts";
import { type StructureCodec } from "../structure/parts.ts";

/** Parts of fields that are worked out when somebody looks at them. */

type Parsed = Record<string, Record<string, string>>;

type Message = { readonly mti: string; readonly fields: MessageFields };

/** The property `parsed` of a message: computed at the first look, then an ordinary property. */
export type LazyParts = PropertyDescriptor & ThisType<Message>;

export function lazyParts(structures: readonly (StructureCodec | undefined)[]): LazyParts {
  return {
    get() {
      const value = partsOf(structures, this);
      const settled = { value, enumerable: true, configurable: true, writable: true };
      Object.defineProperty(this, "parsed", settled);
      return value;
    },
    enumerable: true,
    configurable: true,
  };
}

function partsOf(structures: readonly (StructureCodec | undefined)[], message: Message): Parsed {
  const parsed: Parsed = {};
  for (const [number, value] of Object.entries(message.fields)) {
    const parts = fitting(structures[Number(number)], message, value);
    if (parts === undefined) continue;
    parsed[number] = Object.fromEntries(parts.map(({ key, text }) => [key, text]));
  }
  return parsed;
}

/** What decode has let through fits; content that somebody changed since may not. */
function fitting(
  structure: StructureCodec | undefined,
  message: Message,
  value: string,
): ReturnType<StructureCodec["parse"]> {
  try {
    return structure?.parse(message, value);
  } catch (error) {
    if (error instanceof MessageError || error instanceof RangeError) return undefined;
    throw error;
  }
}
