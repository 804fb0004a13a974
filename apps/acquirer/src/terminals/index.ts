export {
  ensurePanKeys,
  registerMerchant,
  registerTerminal,
  storeZmk,
  type ProvisionedTerminal,
  type ProvisionMerchant,
  type ProvisionTerminal,
} from "./provisioning.ts";
export { openTerminals, type Terminals } from "./registry.ts";
export { insertLinkKey, readInstallationKey, readLinkKeys } from "./store.ts";
export {
  isKeyLayout,
  type KeyLayout,
  type KeySession,
  type Merchant,
  type Terminal,
} from "./terminal.ts";
