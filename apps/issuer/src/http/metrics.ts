/** Metrics in Prometheus' text form. */
import { Counter, Gauge, Registry, collectDefaultMetrics } from "prom-client";

export type Metrics = {
  readonly registry: Registry;
  /** A counter of one room's events. */
  readonly counting: (room: "network" | "bank") => (event: string) => void;
};

/** A registry with the process's own metrics and ours. */
export function createMetrics(gauges: {
  readonly bankReady: () => boolean;
  readonly pendingAdvices: () => Promise<bigint>;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const events = new Counter({
    name: "tillway_issuer_events_total",
    help: "What happened, by room and kind",
    labelNames: ["room", "event"],
    registers: [registry],
  });
  const ready: Gauge = new Gauge({
    name: "tillway_issuer_bank_ready",
    help: "1 while the bank is signed on to the network",
    registers: [registry],
    collect: (): void => ready.set(gauges.bankReady() ? 1 : 0),
  });
  const waiting: Gauge = new Gauge({
    name: "tillway_network_advices_pending",
    help: "Advices that an issuer has not acknowledged yet",
    registers: [registry],
    collect: async (): Promise<void> => {
      const count = await gauges.pendingAdvices();
      waiting.set(Number.parseInt(count.toString(), 10));
    },
  });
  return {
    registry,
    counting: (room) => (event) => events.inc({ room, event }),
  };
}
