export type { Conclusion } from "./conclusion.ts";
export { followConfiguration, kernelConfiguration } from "./configuration.ts";
export { Desk, type NotTaken, type Paid } from "./desk.ts";
export { followingOf, offeredTypes } from "./offer.ts";
export type { Order } from "./order.ts";
export type { Screen } from "./screen.ts";
export type { ScriptedOrder } from "./script.ts";
export type { Stroke } from "./signature.ts";
