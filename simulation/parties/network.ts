/** The card network of the simulated system: the production switch over a store in memory. */
import { toHex } from "@tillway/bytes";
import type { SecurityModule } from "@tillway/keys";
import {
  createSessions,
  openNetwork,
  type NetworkStore,
} from "../../apps/issuer/src/network/index.ts";
import type { Life } from "../world/process.ts";
import type { Wires } from "../world/wires.ts";
import type { Writing } from "./writing.ts";

export type NetworkOptions = {
  readonly module: SecurityModule;
  readonly panKeys: { readonly token: string; readonly seal: string };
  /** The store as one life of the process sees it. */
  readonly store: (life: Life) => NetworkStore;
  readonly wires: Wires;
  readonly log: Writing;
};

const SETTINGS = { issuerMs: 8000, advicePause: { first: 2000, longest: 64_000 } };

export const networkStart =
  ({ module, panKeys, store, wires, log }: NetworkOptions) =>
  (life: Life): void => {
    const network = openNetwork({
      store: store(life),
      module,
      panKeys: { key: panKeys.seal, tokenKey: panKeys.token },
      clock: life.clock,
      log,
      count: () => undefined,
      sessions: createSessions(life.clock),
      owner: `network-${toHex(life.random(8))}`,
      settings: SETTINGS,
    });
    wires.listen("network", life, network.accept);
  };
