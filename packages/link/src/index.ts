export { type Cancel, type Clock } from "./clock.ts";
export { acceptFrames, type Connection, type FrameLimits, type Socket } from "./connection.ts";
export { openLink, type Link, type LinkOptions } from "./link.ts";
export { createPending, type Pending, type Waited } from "./pending.ts";
