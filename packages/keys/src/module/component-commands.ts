/** Keys out of components, under dual control: nobody who knows one knows anything of the key. */
import { concat, equal, fromHex, toHex, xor } from "@tillway/bytes";
import { oddParity } from "../cipher.ts";
import { isHex } from "./forms.ts";
import { exportability, finish } from "./key-commands.ts";
import { checkValue, type Keyring, refuse } from "./keyring.ts";
import type { CommandOf, Outcome } from "./security-module.ts";
import { type KeyAlgorithm, keyAlgorithms, keyAllowed, usages, usualMode } from "./usage.ts";

type Name = "import-components" | "combine-components";

export function importComponents(
  command: CommandOf<"import-components">,
  ring: Keyring,
): Outcome<"import-components"> {
  const { components } = command;
  const length = (components[0]?.length ?? 0) / 2;
  const whole = components.every((part) => isHex(part, length));
  if (components.length < 2 || !whole)
    return refuse("import-components", "components", "malformed");
  const parts = components.map((part) => fromHex(part));
  return combine("import-components", "components", command, parts, ring);
}

export function enterComponent(
  { algorithm, component }: CommandOf<"enter-component">,
  ring: Keyring,
): Outcome<"enter-component"> {
  const known = Object.values(usages).some(({ keys }) =>
    keys[algorithm]?.some((length) => isHex(component, length)),
  );
  if (!known) return refuse("enter-component", "component", "malformed");
  const value = fromHex(component);
  // As any key of this algorithm; a component alone is for no use.
  const kcv = checkValue({ usage: "K1", algorithm, mode: "N", exportability: "N", value });
  const kind = Uint8Array.of(keyAlgorithms.indexOf(algorithm));
  return { ok: true, entered: ring.protectState("component", concat(kind, value)), kcv };
}

export function combineComponents(
  command: CommandOf<"combine-components">,
  ring: Keyring,
): Outcome<"combine-components"> {
  const name = "combine-components";
  const { algorithm, entered } = command;
  if (entered.length < 2) return refuse(name, "entered", "malformed");
  const opened = entered.map((sealed) => ring.openState("component", sealed));
  const parts = opened.filter((part) => part !== undefined);
  if (parts.length < entered.length) return refuse(name, "entered", "bad-key-block");
  const kind = keyAlgorithms.indexOf(algorithm);
  const [first] = parts;
  if (parts.some((part) => part[0] !== kind || part.length !== first?.length)) {
    return refuse(name, "entered", "wrong-algorithm");
  }
  return combine(
    name,
    "entered",
    command,
    parts.map((part) => part.subarray(1)),
    ring,
  );
}

/** The key of components of one length, at least two. */
function combine(
  name: Name,
  place: string,
  command: Omit<CommandOf<"combine-components">, "do" | "entered">,
  parts: readonly Uint8Array[],
  ring: Keyring,
): Outcome<Name> {
  const { usage, algorithm } = command;
  const mode = command.mode ?? usualMode(usage);
  if (!keyAllowed(usage, algorithm, parts[0]?.length ?? 0, mode)) {
    return refuse(name, "usage", "unsupported-key");
  }
  const value = parts.reduce((folded, part) => xor(folded, part));
  // Equal components cancel out, and leave the key to the custodian of a third.
  const repeated = parts.some((part, at) => parts.slice(0, at).some((other) => equal(part, other)));
  if (repeated || isWeak(algorithm, value)) return refuse(name, place, "weak-key");
  return finish({ usage, algorithm, mode, exportability: exportability(command), value }, ring);
}

/** All zeros, or a TDES key whose parts cancel each other. */
function isWeak(algorithm: KeyAlgorithm, value: Uint8Array): boolean {
  if (value.every((byte) => byte === 0)) return true;
  if (algorithm !== "tdes" || value.length === 8) return false;
  const parts = Array.from({ length: value.length / 8 }, (_, at) =>
    toHex(oddParity(value.slice(at * 8, at * 8 + 8))),
  );
  return parts.some((part, at) => at > 0 && part === parts[at - 1]);
}
