export { encryptPin, encryptTrack, type WorkingKeys } from "./keys.ts";
export { Session, type Management, type Readiness, type SaleOrder } from "./session.ts";
export type { HostWords, Verdict } from "./verdict.ts";
