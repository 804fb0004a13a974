/** The network's TCP port. */
import { createServer, type Server } from "node:net";
import type { Address } from "../wire/index.ts";
import type { Network } from "./network.ts";

export type NetworkPort = {
  readonly port: number;
  /** Takes no more connections, ends those that there are, and finishes what is in flight. */
  readonly close: () => Promise<void>;
};

/** Listens for members. Resolves when the port is open; rejects where it is taken. */
export async function listenForMembers(network: Network, address: Address): Promise<NetworkPort> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    network.accept(socket);
  });
  await listening(server, address);
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : address.port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await network.close();
      await closed;
    },
  };
}

function listening(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
