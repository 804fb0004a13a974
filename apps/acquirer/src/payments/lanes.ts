/** The writers of payments: micro-batches over a few connections (docs/decisions, write path). */
import { Lanes } from "@tillway/database";
import { openLane } from "../db/index.ts";
import type {
  AcknowledgeStep,
  CloseResult,
  CloseStep,
  NoteStep,
  OpenResult,
  OpenStep,
  Result,
  ReverseResult,
  ReverseStep,
  Step,
} from "./step.ts";
import { writeSteps } from "./store/index.ts";

export type Writer = {
  readonly open: (step: OpenStep) => Promise<OpenResult>;
  readonly close: (step: CloseStep) => Promise<CloseResult>;
  readonly reverse: (step: ReverseStep) => Promise<ReverseResult>;
  readonly follow: (step: AcknowledgeStep | NoteStep) => Promise<void>;
  readonly depth: () => { readonly waiting: number; readonly inFlight: number };
  readonly end: () => Promise<void>;
};

/** Opens `count` lanes on connections of their own. Each promise resolves once the commit is durable. */
export function openWriter(url: string, count: number, onLost: (error: Error) => void): Writer {
  const connections = Array.from({ length: count }, () => openLane(url, onLost));
  const lanes = new Lanes<Step, Result>({
    lanes: count,
    run: async (number, steps) => {
      const lane = connections[number];
      if (!lane) throw new Error("a lane has no connection");
      return lane.transaction((sql) => writeSteps(sql, steps));
    },
  });
  const bucketOfStep = (step: Step): number =>
    step.do === "open" || step.do === "reverse" ? step.key.bucket : step.bucket;
  const write = (step: Step): Promise<Result> => lanes.submit(bucketOfStep(step), step);
  const mismatch = (): never => {
    throw new Error("a step was given the result of another kind");
  };
  return {
    open: async (step) => {
      const written = await write(step);
      return written.do === "open" ? written.result : mismatch();
    },
    close: async (step) => {
      const written = await write(step);
      return written.do === "close" ? written.result : mismatch();
    },
    reverse: async (step) => {
      const written = await write(step);
      return written.do === "reverse" ? written.result : mismatch();
    },
    follow: async (step) => {
      await write(step);
    },
    depth: () => lanes.depth,
    end: async () => {
      await lanes.drain();
      await Promise.all(connections.map((lane) => lane.close()));
    },
  };
}
