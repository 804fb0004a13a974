import { choice, moduleSettings, sharedSettings } from "@tillway/configuration";

/** What a security module's process reads from its environment (docs/configuration.md). */
export const securityModuleSettings = {
  TILLWAY_DATA: sharedSettings.TILLWAY_DATA,
  TILLWAY_LOG: sharedSettings.TILLWAY_LOG,
  TILLWAY_MODULE_SOCKET: moduleSettings.TILLWAY_MODULE_SOCKET,
  TILLWAY_MODULE_PARTY: choice("whose keys this security module holds", "acquirer", [
    "acquirer",
    "issuer",
    "terminal",
  ]),
} as const;
