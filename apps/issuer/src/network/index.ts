/** The card network: its port, its switch, its store of advices. */
export type { NetworkContext, NetworkSettings } from "./context.ts";
export type { Advice, AdviceMti, Ending, Exchange } from "./exchange.ts";
export { openNetwork, type Network } from "./network.ts";
export { listenForMembers, type NetworkPort } from "./port.ts";
export { createSessions } from "./session.ts";
export type { Member, NetworkStore, Opened } from "./store.ts";
export { pendingAdvices } from "./store/advice.ts";
export { saveMember, saveRoute } from "./store/member.ts";
export { networkStore } from "./store/postgres.ts";
