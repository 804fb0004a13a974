/** What the network's parts share: their surroundings come in from outside. */
import type { KeyBlock, SecurityModule } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import type { Log } from "../log.ts";
import type { Sessions } from "./session.ts";
import type { NetworkStore } from "./store.ts";

export type NetworkSettings = {
  /** How long an issuer may take to answer (ms). */
  readonly issuerMs: number;
  /** First and longest pause between two attempts to deliver an advice (ms). */
  readonly advicePause: { readonly first: number; readonly longest: number };
};

export type NetworkContext = {
  readonly store: NetworkStore;
  readonly module: SecurityModule;
  readonly panKeys: { readonly key: KeyBlock; readonly tokenKey: KeyBlock };
  readonly clock: Clock;
  readonly log: Log;
  /** Counts what happened, by a word that is fit for a metric's label. */
  readonly count: (event: string) => void;
  readonly sessions: Sessions;
  /** Names this process in the rows that it has in flight; another one each start. */
  readonly owner: string;
  readonly settings: NetworkSettings;
};
