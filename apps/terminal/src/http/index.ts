export { createAccess, makePairingCode } from "./access.ts";
export { createServer } from "./server.ts";
export { openSnapshots, type Snapshots } from "./backup.ts";
export { serveLentCard, serveReader } from "./sockets.ts";
