/** A load as its caller sees it: drivers in processes of their own, opened once and run at will. */
import { fork, type ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Said, Share, Told } from "./driver.ts";
import type { Ran, RunOptions } from "./fleet.ts";
import { add, noLatencies } from "./latencies.ts";
import { reserve, use, type Used } from "./set.ts";
import type { Address } from "./terminal.ts";

export type LoadOptions = {
  readonly data: string;
  readonly address: Address;
  readonly terminals: number;
  readonly zone: string;
  /** Half of the processors unless given. */
  readonly drivers?: number;
  /** Which part of the set's terminals and cards is this load's, where several run side by side. */
  readonly share?: Share;
};

export type Load = {
  readonly run: (options: RunOptions) => Promise<Ran>;
  /** The drivers' process numbers, for whoever measures what they take. */
  readonly pids: readonly number[];
  readonly close: () => void;
};

/** Starts the drivers and signs their terminals in. The load set must be there (`ensureSet`). */
export async function openLoad(options: LoadOptions): Promise<Load> {
  const { data, terminals, share: mine = { number: 0, of: 1 } } = options;
  const drivers = options.drivers ?? Math.max(1, availableParallelism() >> 1);
  const count = Math.min(drivers, terminals);
  const children = Array.from({ length: count }, () =>
    fork(join(import.meta.dirname, "driver.ts")),
  );
  const close = (): void => {
    for (const child of children) if (child.connected) child.disconnect();
  };
  const { address, zone } = options;
  try {
    await Promise.all(
      children.map((child, number) => {
        const share = { number: mine.number + number * mine.of, of: mine.of * count };
        return ask(
          child,
          {
            do: "open",
            data,
            address,
            terminals: Math.ceil((terminals - number) / count),
            share,
            zone,
          },
          () => undefined,
        );
      }),
    );
  } catch (error) {
    close();
    throw error;
  }
  return {
    run: async ({ seconds, rate, mix }) => {
      const own = { seconds, mix, rate: rate === undefined ? undefined : rate / count };
      const parts = await Promise.all(
        children.map((child) => ask(child, { do: "run", ...own }, (far) => reserve(data, far))),
      );
      const all = together(parts.flatMap((said) => (said.did === "run" ? [said.ran] : [])));
      use(data, all);
      return all;
    },
    pids: children.flatMap(({ pid }) => pid ?? []),
    close,
  };
}

function ask(child: ChildProcess, told: Told, onProgress: (far: Used) => void): Promise<Said> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error("a driver ended by itself"));
    const heard = (said: Said): void => {
      if (said.did === "progress") {
        onProgress(said);
        return;
      }
      child.off("message", heard);
      child.off("exit", ended);
      if (said.did === "fail") reject(new Error(said.why));
      else resolve(said);
    };
    child.on("message", heard);
    child.once("exit", ended);
    child.send(told);
  });
}

function together(parts: readonly Ran[]): Ran {
  const latencies = noLatencies();
  for (const part of parts) add(latencies, part.latencies);
  const sum = (of: (part: Ran) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const most = (of: (part: Ran) => number): number => Math.max(...parts.map(of));
  return {
    seconds: most((part) => part.seconds),
    approved: sum((part) => part.approved),
    declined: sum((part) => part.declined),
    errors: sum((part) => part.errors),
    latencies,
    counter: most((part) => part.counter),
    stan: most((part) => part.stan),
  };
}
