/** The card network: its port, its switch, its store of advices. */
import type { Address } from "../wire/index.ts";
import { startForwarder } from "./advice.ts";
import type { NetworkContext } from "./context.ts";
import { listen } from "./listener.ts";
import { createSales } from "./sale.ts";

export type { NetworkContext, NetworkSettings } from "./context.ts";
export { createSessions } from "./session.ts";
export { pendingAdvices } from "./store/advice.ts";
export { saveMember, saveRoute } from "./store/member.ts";

export type Network = {
  readonly port: number;
  readonly close: () => Promise<void>;
};

/** Opens the network's port and continues what an earlier process left undone. */
export async function openNetwork(context: NetworkContext, address: Address): Promise<Network> {
  const forwarder = startForwarder(context);
  const sales = createSales(context, () => forwarder.kick());
  const server = await listen({ context, sales, forwarder }, address).catch(async (error) => {
    await forwarder.stop();
    throw error;
  });
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : address.port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of context.sessions.all()) session.connection.close();
      await closed;
      await sales.drained();
      await forwarder.stop();
    },
  };
}
