export {
  applicationObject,
  caKeyObject,
  isParameter,
  misplaced,
  objectKinds,
  openManagement,
  parameters,
  putObjects,
  readDe59,
  requirement,
  scopes,
  tasks,
  terminalStates,
  withRequirement,
  wrongValue,
  type Management,
  type ObjectKind,
  type Place,
  type Task,
  type TerminalSide,
} from "./management/index.ts";
export {
  ensurePanKeys,
  injectTerminal,
  registerMerchant,
  registerTerminal,
  storeDownloads,
  storeZmk,
  type ProvisionedTerminal,
  type ProvisionMerchant,
  type ProvisionTerminal,
} from "./provisioning.ts";
export { openTerminals, type Registry, type Terminals } from "./registry.ts";
export { insertLinkKey, postgresRegistry, readInstallationKey, readLinkKeys } from "./store.ts";
export {
  isKeyLayout,
  type KeyLayout,
  type KeySession,
  type Merchant,
  type Terminal,
} from "./terminal.ts";
