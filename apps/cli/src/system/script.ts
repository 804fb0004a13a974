import { join } from "node:path";
import type { Surroundings } from "../commands/command.ts";
import type { PartOptions } from "./process.ts";
import { configurationOf, environmentOf } from "./start.ts";

/** How a part's script runs: in the environment of this data folder, its log beside the others. */
export function scriptOf(
  { data, environment }: Surroundings,
  name: PartOptions["name"],
  url?: string,
): PartOptions {
  const shared = environmentOf(configurationOf({ ...environment, TILLWAY_DATA: data }));
  return {
    name,
    environment: url === undefined ? shared : { ...shared, DATABASE_URL: url },
    logs: join(data, "logs"),
    onRestart: () => undefined,
    onLost: () => undefined,
  };
}
