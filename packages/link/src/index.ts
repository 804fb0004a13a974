export { type Cancel, type Clock } from "./clock.ts";
export { acceptFrames, type Connection, type FrameLimits, type Socket } from "./connection.ts";
export { openLink, type Link, type LinkOptions } from "./link.ts";
export { encodeWithMac, hasValidMac, type MacKey, type Received } from "./mac.ts";
export {
  openMember,
  type Member,
  type MemberEvent,
  type MemberKeys,
  type MemberLine,
  type MemberOptions,
} from "./member.ts";
export { ModuleLost, openModuleLink, type ModuleLink, type ModuleLinkOptions } from "./module.ts";
export { createPending, type Pending, type Waited } from "./pending.ts";
