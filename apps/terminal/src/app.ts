/** The terminal process put together: every device of the data folder, and the API before them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SecurityModule } from "@tillway/keys";
import type { Clock, Socket } from "@tillway/link";
import type { Logger } from "pino";
import { certificateOf } from "./certificates.ts";
import { openReader, openTray, type CardReader } from "./cards/index.ts";
import { createDevice, type Device } from "./device.ts";
import { keyFile, openModule, readIfThere, secretText } from "./files.ts";
import { plainly, securely } from "./host/index.ts";
import { createAccess, createServer, makePairingCode, openSnapshots } from "./http/index.ts";
import { openJournal } from "./journal/index.ts";
import type { TerminalConfiguration } from "./settings.ts";

export type TerminalsOptions = {
  readonly configuration: TerminalConfiguration;
  readonly clock: Clock;
  /** Bytes from a cryptographic source. */
  readonly random: (length: number) => Uint8Array;
  readonly log: Logger;
};

export type Terminals = {
  readonly addresses: { readonly http: string };
  readonly terminals: readonly string[];
  /** Ends what is under way, stops listening, closes the journals. */
  readonly close: () => Promise<void>;
};

/** Starts every provisioned device. Throws where there is none, or another process has them. */
export async function createTerminals(options: TerminalsOptions): Promise<Terminals> {
  const { configuration, clock, random, log } = options;
  const folder = join(configuration.TILLWAY_DATA, "terminal");
  const pairingCode = secretText(join(folder, "pairing-code"), () => makePairingCode(random));
  const access = createAccess({
    pairingCode,
    origins: originsOf(configuration),
    clock,
    random,
  });
  const module = openModule(options);
  const reader = await readerOf(options);
  const devices = openDevices(options, folder, module, reader);
  const closeDevices = async (): Promise<void> => {
    await Promise.all([...devices.values()].map((device) => device.close()));
    await reader?.close();
    module.close();
  };
  try {
    const till = join(import.meta.dirname, "../../web/dist/till");
    const snapshots = openSnapshots({ devices, folder: join(folder, "copies"), clock });
    const server = await createServer({ devices, access, till, snapshots, log });
    const http = await server.listen({
      host: configuration.TILLWAY_HOST,
      port: configuration.TILLWAY_TERMINAL_PORT,
    });
    return {
      addresses: { http },
      terminals: [...devices.keys()],
      close: async () => {
        snapshots.release();
        await closeDevices();
        await server.close();
      },
    };
  } catch (error) {
    await closeDevices();
    throw error;
  }
}

/** The PC/SC reader, where one is wanted. Throws one sentence where there can be none. */
async function readerOf(options: TerminalsOptions): Promise<CardReader | undefined> {
  const { configuration, clock, log } = options;
  if (configuration.TILLWAY_READER !== "pcsc") return undefined;
  return openReader({
    name: configuration.TILLWAY_READER_NAME,
    clock,
    onNotice: (what, about) => log.info(about, what),
  });
}

/** Every device of the folder; the reader is the first one's. */
function openDevices(
  { configuration, clock, random, log }: TerminalsOptions,
  folder: string,
  module: SecurityModule,
  reader: CardReader | undefined,
): Map<string, Device> {
  const kept = readIfThere(join(folder, "ca-keys.json"));
  const tids = readdirSync(folder).flatMap(
    (file) => /^journal-(.+)\.sqlite$/.exec(file)?.[1] ?? [],
  );
  if (!kept || tids.length === 0) {
    throw new Error(`no terminal is provisioned in ${folder}: start the whole system once`);
  }
  const caKeys: unknown = JSON.parse(new TextDecoder().decode(kept));
  const tray = openTray(join(configuration.TILLWAY_DATA, "cards"), random);
  const dial = (tid: string): (() => Socket) => {
    const { TILLWAY_ACQUIRER_HOST: host, TILLWAY_POS_TLS: line } = configuration;
    return line === "tls"
      ? securely({ host, port: configuration.TILLWAY_POS_TLS_PORT }, certificateOf(folder, tid))
      : plainly({ host, port: configuration.TILLWAY_POS_PORT });
  };
  const devices = new Map<string, Device>();
  for (const [at, tid] of tids.sort().entries()) {
    const path = join(folder, `journal-${tid}.sqlite`);
    // A key for what rests on this disk, not one of payment: it may be where the journal is.
    const deviceKey = keyFile(join(folder, `journal-${tid}.key`), random);
    const journal = openJournal({ path, deviceKey, random });
    const parts = { configuration, journal, module, tray, caKeys, clock, random, log };
    const own = at === 0 ? reader : undefined;
    devices.set(tid, createDevice({ ...parts, reader: own, connect: dial(tid) }));
  }
  return devices;
}

/** Pages that may speak to the devices: this process's own and the acquirer's, which passes us on. */
function originsOf(configuration: TerminalConfiguration): string[] {
  const hosts = new Set(["localhost", "127.0.0.1", configuration.TILLWAY_HOST]);
  const ports = [configuration.TILLWAY_HTTP_PORT, configuration.TILLWAY_TERMINAL_PORT];
  return [...hosts].flatMap((host) => ports.map((port) => `http://${host}:${port}`));
}
