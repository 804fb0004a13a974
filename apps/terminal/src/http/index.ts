export { createAccess, makePairingCode } from "./access.ts";
export { createServer } from "./server.ts";
