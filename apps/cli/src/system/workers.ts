/** Several acquirer processes on the same ports (docs/decisions/0011). */
import { createServer } from "node:net";
import { CommandError } from "../output.ts";
import type { PartOptions } from "./process.ts";

/**
 * The processes of a party, to be started in this order: the first brings the schema up to date.
 * Only the acquirer has several, each a node of its own: with a name, an epoch, leases and a link to
 * the network. One alone keeps the name that the environment gives it.
 */
export function workersOf(part: PartOptions, count: number): readonly PartOptions[] {
  if (part.name !== "acquirer" || count === 1) return [part];
  const prefix = part.environment["TILLWAY_NODE"] ?? part.name;
  return Array.from({ length: count }, (_, at) => ({
    ...part,
    label: `${part.name}-${at + 1}`,
    environment: { ...part.environment, TILLWAY_NODE: `${prefix}-${at + 1}` },
  }));
}

type Ports = {
  readonly TILLWAY_WORKERS: number;
  readonly TILLWAY_HOST: string;
  readonly TILLWAY_HTTP_PORT: number;
  readonly TILLWAY_POS_PORT: number;
  readonly TILLWAY_POS_TLS_PORT: number;
};

/**
 * Throws CommandError where workers would share a port with somebody else: the kernel would let
 * them, also with the workers of another installation.
 */
export async function checkSharedPorts(ports: Ports): Promise<void> {
  if (ports.TILLWAY_WORKERS === 1) return;
  const { TILLWAY_HOST: host } = ports;
  for (const port of [ports.TILLWAY_HTTP_PORT, ports.TILLWAY_POS_PORT, ports.TILLWAY_POS_TLS_PORT])
    await checkFree(host, port);
}

function checkFree(host: string, port: number): Promise<void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new CommandError(`port ${port} of ${host} cannot be used: ${error.code}`));
    });
    server.listen(port, host, () => server.close(() => resolve()));
  });
}
