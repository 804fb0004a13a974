/** The card network: its members' connections, its switch, its store of advices. */
import type { Socket } from "@tillway/link";
import { startForwarder } from "./advice.ts";
import type { NetworkContext } from "./context.ts";
import { acceptMember } from "./listener.ts";
import { createRequests } from "./request.ts";

export type Network = {
  /** Takes a member's connection, of whatever transport. */
  readonly accept: (socket: Socket) => void;
  /** Ends all connections and resolves when nothing is in flight any more. */
  readonly close: () => Promise<void>;
};

/** Opens the network and continues what an earlier process left undone. */
export function openNetwork(context: NetworkContext): Network {
  const forwarder = startForwarder(context);
  const requests = createRequests(context, () => forwarder.kick());
  return {
    accept: (socket) => acceptMember({ context, requests, forwarder }, socket),
    close: async () => {
      for (const session of context.sessions.all()) session.connection.close();
      await requests.drained();
      await forwarder.stop();
    },
  };
}
