/** Copies of the journals for a backup of the whole installation, as of one moment. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Type, type FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Cancel, Clock } from "@tillway/link";
import type { Device } from "../device.ts";
import { problem } from "./problems.ts";

/** The lines go on by themselves after this: a backup that died must not stop the tills (ms). */
const LONGEST = 10_000;

export type Snapshots = {
  /**
   * Holds every device between two messages and copies its journal. The devices hold still until
   * `release`. Undefined while another backup has them.
   */
  readonly take: () => Promise<
    readonly { readonly tid: string; readonly path: string }[] | undefined
  >;
  readonly release: () => void;
  /** Removes the copies. */
  readonly discard: () => void;
};

export function openSnapshots(options: {
  readonly devices: ReadonlyMap<string, Device>;
  readonly folder: string;
  readonly clock: Clock;
}): Snapshots {
  const { devices, folder, clock } = options;
  let releases: (() => void)[] = [];
  let timer: Cancel = () => undefined;
  let taking = false;
  const release = (): void => {
    timer();
    for (const one of releases) one();
    releases = [];
  };
  const discard = (): void => rmSync(folder, { recursive: true, force: true });
  return {
    release,
    discard,
    take: async () => {
      if (taking || releases.length > 0) return undefined;
      taking = true;
      try {
        discard();
        mkdirSync(folder, { mode: 0o700 });
        releases = await Promise.all([...devices.values()].map(({ session }) => session.hold()));
        timer = clock.after(LONGEST, release);
        return [...devices].map(([tid, { journal }]) => {
          const path = join(folder, `journal-${tid}.sqlite`);
          journal.copyTo(path);
          return { tid, path };
        });
      } catch (error) {
        release();
        throw error;
      } finally {
        taking = false;
      }
    },
  };
}

/** `hold` copies and holds, `release` lets go, `discard` removes the copies. */
export const backupRoutes: FastifyPluginAsyncTypebox<{ readonly snapshots: Snapshots }> = async (
  app,
  { snapshots },
) => {
  app.post(
    "/terminals/backup/:what",
    {
      schema: {
        params: Type.Object({
          what: Type.Union([
            Type.Literal("hold"),
            Type.Literal("release"),
            Type.Literal("discard"),
          ]),
        }),
      },
    },
    async ({ params }, reply) => {
      if (params.what === "hold") return (await snapshots.take()) ?? problem(reply, "busy");
      snapshots[params.what]();
      return [];
    },
  );
};
