import { deriveIccKeys, verifyArqc } from "./card-commands.ts";
import {
  generateToken,
  hideTrack,
  makeMac,
  openPan,
  revealTrack,
  sealPan,
  verifyMac,
} from "./data-commands.ts";
import {
  exportEcb,
  exportKeyBlock,
  generateKey,
  importComponents,
  importEcb,
  importKeyBlock,
} from "./key-commands.ts";
import { createKeyring, type Keyring, refuse } from "./keyring.ts";
import { encryptPin, makePvv, translatePin, verifyPin } from "./pin-commands.ts";
import type {
  Answers,
  Command,
  CommandName,
  CommandOf,
  Outcome,
  Random,
  SecurityModule,
} from "./security-module.ts";

type Handlers = {
  readonly [N in CommandName]: (command: CommandOf<N>, ring: Keyring) => Outcome<N>;
};

const handlers: Handlers = {
  "generate-key": generateKey,
  "import-components": importComponents,
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
  "verify-arqc": verifyArqc,
  "derive-icc-keys": deriveIccKeys,
  "generate-token": generateToken,
  "seal-pan": sealPan,
  "open-pan": openPan,
};

/**
 * The security module in software, in process. Master key: 32 bytes, the only thing it holds.
 * `random` must be cryptographically strong outside of tests and simulation.
 */
export function createSoftwareModule(options: {
  readonly masterKey: Uint8Array;
  readonly random: Random;
}): SecurityModule {
  const ring = createKeyring(options.masterKey, options.random);
  const answer = <N extends CommandName>(command: CommandOf<N>): Outcome<N> => {
    if (!Object.hasOwn(handlers, command.do)) return refuse(command.do, "do", "malformed");
    const handler: Handlers[N] = handlers[command.do];
    return handler(command, ring);
  };
  return {
    run: async (command) => answer(command),
    runAll: async <const C extends readonly Command[]>(commands: C) =>
      // Map keeps length and order.
      commands.map((command) => answer(command)) as Answers<C>,
  };
}
