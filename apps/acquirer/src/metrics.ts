/** What the acquirer counts, in Prometheus' text form. Labels are words of closed lists. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export type Gauges = {
  readonly networkUp: () => boolean;
  readonly connections: () => number;
  readonly inFlight: () => number;
  readonly lanes: () => { readonly waiting: number; readonly inFlight: number };
  readonly pendingAdvices: () => Promise<number>;
};

export type Metrics = {
  readonly registry: Registry;
  /** A reply to a terminal: message type, response code, time from frame to reply. */
  readonly answered: (mti: string, code: string, elapsedMs: number) => void;
  readonly refused: (reason: string) => void;
  readonly closed: (reason: string) => void;
  readonly network: (event: string) => void;
  readonly advice: (outcome: string) => void;
  readonly fault: () => void;
  readonly lostRefusals: (count: number) => void;
  /** Sets what the gauges read; before, they stand at zero. */
  readonly watch: (gauges: Gauges) => void;
};

/** A registry with the process's own metrics and ours. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  let gauges: Gauges | undefined;
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: `tillway_acquirer_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, read: (from: Gauges) => number | Promise<number>) => {
    const made: Gauge = new Gauge({
      name: `tillway_acquirer_${name}`,
      help,
      registers,
      collect: async (): Promise<void> => made.set(gauges ? await read(gauges) : 0),
    });
  };
  const answers = counter("answers_total", "Replies to terminals", ["mti", "code"]);
  const refusals = counter("refusals_total", "Refused messages of terminals", ["reason"]);
  const closed = counter("terminal_closed_total", "Ended terminal connections", ["reason"]);
  const network = counter("network_events_total", "What happened on the network link", ["event"]);
  const advices = counter("advices_total", "Sent reversal advices by what came of them", [
    "outcome",
  ]);
  const faults = counter("faults_total", "Failures that were logged as errors", []);
  const lost = counter("refusals_unrecorded_total", "Refusals that could not be written down", []);
  const seconds = new Histogram({
    name: "tillway_acquirer_answer_seconds",
    help: "Time from a terminal's message to its reply",
    labelNames: ["mti"],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  gauge("network_up", "1 while signed on to the network", (from) => (from.networkUp() ? 1 : 0));
  gauge("terminal_connections", "Open connections of terminals", (from) => from.connections());
  gauge("in_flight", "Sales that wait for the network here", (from) => from.inFlight());
  gauge("steps_waiting", "Steps that wait for a lane", (from) => from.lanes().waiting);
  gauge("advices_pending", "Reversals that the network has not acknowledged", (from) =>
    from.pendingAdvices(),
  );
  return {
    registry,
    answered: (mti, code, elapsedMs) => {
      answers.inc({ mti, code });
      seconds.observe({ mti }, elapsedMs / 1000);
    },
    refused: (reason) => refusals.inc({ reason }),
    closed: (reason) => closed.inc({ reason }),
    network: (event) => network.inc({ event }),
    advice: (outcome) => advices.inc({ outcome }),
    fault: () => faults.inc(),
    lostRefusals: (count) => lost.inc(count),
    watch: (from) => {
      gauges = from;
    },
  };
}
