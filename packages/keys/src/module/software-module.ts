import { type Ibm3624Rule, usualIbm3624Rule } from "../ibm3624.ts";
import type { Random } from "../random.ts";
import { combineComponents, enterComponent, importComponents } from "./component-commands.ts";
import { deriveIccKeys, verifyArqc } from "./card-commands.ts";
import {
  generateToken,
  hideTrack,
  makeMac,
  openData,
  openPan,
  revealTrack,
  sealData,
  sealPan,
  verifyMac,
} from "./data-commands.ts";
import { deriveDukptKey, nextDukpt, startDukpt } from "./dukpt-commands.ts";
import {
  exportEcb,
  exportKeyBlock,
  generateKey,
  importEcb,
  importKeyBlock,
} from "./key-commands.ts";
import type { CommandRecord, UsedKey } from "./command-log.ts";
import { checkValue, type ClearKey, createKeyring, type Keyring, refuse } from "./keyring.ts";
import {
  encryptPin,
  makePinOffset,
  makePvv,
  translatePin,
  verifyPin,
  verifyPinOffset,
} from "./pin-commands.ts";
import {
  changePin,
  hideScriptData,
  makeCvv,
  makeScriptMac,
  verifyCvc3,
  verifyCvv,
} from "./script-commands.ts";
import {
  type Answers,
  type Command,
  type CommandName,
  type CommandOf,
  isCommandName,
  type Outcome,
  type SecurityModule,
} from "./security-module.ts";

type Handlers = {
  readonly [N in CommandName]: (command: CommandOf<N>, ring: Keyring) => Outcome<N>;
};

function handlersFor(rule: Ibm3624Rule): Handlers {
  return {
    "generate-key": generateKey,
    "import-components": importComponents,
    "enter-component": enterComponent,
    "combine-components": combineComponents,
    "export-key-block": exportKeyBlock,
    "import-key-block": importKeyBlock,
    "export-ecb": exportEcb,
    "import-ecb": importEcb,
    mac: makeMac,
    "verify-mac": verifyMac,
    "encrypt-pin": encryptPin,
    "translate-pin": translatePin,
    "encrypt-track": hideTrack,
    "decrypt-track": revealTrack,
    "make-pvv": makePvv,
    "verify-pin": verifyPin,
    "make-pin-offset": makePinOffset(rule),
    "verify-pin-offset": verifyPinOffset(rule),
    "verify-arqc": verifyArqc,
    "derive-icc-keys": deriveIccKeys,
    "script-mac": makeScriptMac,
    "encrypt-script-data": hideScriptData,
    "change-pin": changePin,
    "make-cvv": makeCvv,
    "verify-cvv": verifyCvv,
    "verify-cvc3": verifyCvc3,
    "derive-dukpt-key": deriveDukptKey,
    "start-dukpt": startDukpt,
    "next-dukpt": nextDukpt,
    "generate-token": generateToken,
    "seal-pan": sealPan,
    "open-pan": openPan,
    "seal-data": sealData,
    "open-data": openData,
  };
}

export type SoftwareModuleOptions = {
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** Must be cryptographically strong outside of tests and simulation. */
  readonly random: Random;
  /** How many of the keys used last stay open in memory, 256 unless given. */
  readonly openKeys?: number;
  /** How natural PINs are made; the usual rule unless given. */
  readonly naturalPins?: Ibm3624Rule;
  /** Called after each command, before its answer is given. */
  readonly onCommand?: (record: CommandRecord) => void;
  /** A clock for the durations in those records. */
  readonly now?: () => number;
};

/** The security module in software, in process. */
export function createSoftwareModule(options: SoftwareModuleOptions): SecurityModule {
  const { onCommand, now } = options;
  let used: Record<string, UsedKey> = {};
  const named = nameKeys();
  const ring = createKeyring(options.masterKey, options.random, {
    kept: options.openKeys ?? 256,
    ...(onCommand && { opened: (place, key) => (used[place] = named(key)) }),
  });
  const handlers = handlersFor(options.naturalPins ?? usualIbm3624Rule);
  const handle = <N extends CommandName>(command: CommandOf<N>): Outcome<N> => {
    if (!isCommandName(command.do)) return refuse(command.do, "do", "malformed");
    const handler: Handlers[N] = handlers[command.do];
    return handler(command, ring);
  };
  const answer = <N extends CommandName>(command: CommandOf<N>): Outcome<N> => {
    if (onCommand === undefined) return handle(command);
    used = {};
    const start = now?.();
    const outcome = handle(command);
    onCommand({
      command: isCommandName(command.do) ? command.do : "unknown",
      keys: used,
      outcome: outcomeOf(outcome),
      ...kcvOf(outcome),
      ...(now === undefined || start === undefined ? {} : { duration: now() - start }),
    });
    return outcome;
  };
  return {
    run: async (command) => answer(command),
    runAll: async <const C extends readonly Command[]>(commands: C) =>
      // Map keeps length and order.
      commands.map((command) => answer(command)) as Answers<C>,
  };
}

/** What a log may say of a key; worked out once for as long as the key stays open. */
function nameKeys(): (key: ClearKey) => UsedKey {
  const known = new WeakMap<ClearKey, UsedKey>();
  return (key) => {
    const found = known.get(key) ?? { usage: key.usage, kcv: checkValue(key) };
    known.set(key, found);
    return found;
  };
}

/** The check value that an answer tells, where it tells one of one key. */
function kcvOf(outcome: Outcome<CommandName>): { readonly kcv?: string } {
  if (!outcome.ok || !("kcv" in outcome)) return {};
  const { kcv } = outcome;
  return typeof kcv === "string" && kcv !== "" ? { kcv } : {};
}

function outcomeOf(outcome: Outcome<CommandName>): CommandRecord["outcome"] {
  if (!outcome.ok) return outcome.refused;
  return "valid" in outcome && !outcome.valid ? "invalid" : "done";
}
