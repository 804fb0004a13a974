export type { Download } from "./downloads.ts";
export { encryptPin, encryptTrack, type WorkingKeys } from "./keys.ts";
export type { Management } from "./management.ts";
export { parametersOf, type Parameters } from "./parameters.ts";
export { Session, type Readiness, type Request } from "./session.ts";
export { selfDescription } from "./status.ts";
export { totalsOf } from "./settlement.ts";
export { settledBy, type HostWords, type Verdict } from "./verdict.ts";
