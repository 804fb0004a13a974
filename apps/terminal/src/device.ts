/** One POS device: its journal, its line to the acquirer, its PIN pad, its slot and its desk. */
import type { SecurityModule } from "@tillway/keys";
import type { Clock, Socket } from "@tillway/link";
import type { Logger } from "pino";
import manifest from "../package.json" with { type: "json" };
import { openWebReader, type CardReader, type CardTray, type WebReader } from "./cards/index.ts";
import { openHostLink } from "./host/index.ts";
import { takeMasterKey, type Taken } from "./injection.ts";
import type { Identity, Journal } from "./journal/index.ts";
import { Desk, followConfiguration } from "./payment/index.ts";
import { createPinPad, type PinPad } from "./pinpad/index.ts";
import { printerWorks } from "./receipt/index.ts";
import { selfDescription, Session, type Management } from "./session/index.ts";
import type { TerminalConfiguration } from "./settings.ts";

export type Device = {
  readonly identity: Identity;
  readonly desk: Desk;
  readonly pinPad: PinPad;
  readonly session: Session;
  readonly journal: Journal;
  /** What can be put into the slot: the reader's card or the simulated ones, and a page's. */
  readonly tray: CardTray;
  /** The simulated cards, for a page to hold. */
  readonly cards: CardTray;
  readonly webReader: WebReader;
  readonly software: string;
  /** Its sensor: somebody opened it. Keys go at once, and a payment that has not been sent. */
  readonly tamper: () => void;
  /** Takes a master key for the erased one, and signs in with it. */
  readonly inject: (sent: Sent) => Promise<Injected>;
  readonly close: () => Promise<void>;
};

type Sent = Parameters<typeof takeMasterKey>[1];
type Injected = Taken & { readonly signIn?: Management };

export type DeviceOptions = {
  readonly configuration: TerminalConfiguration;
  readonly journal: Journal;
  readonly module: SecurityModule;
  readonly tray: CardTray;
  /** A reader in whose place the tray would stand. */
  readonly reader: CardReader | undefined;
  /** Keys of the certification authorities, from provisioning. */
  readonly caKeys: unknown;
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly log: Logger;
  /** Opens a socket to the acquirer's port for terminals. */
  readonly connect: () => Socket;
};

export function createDevice(options: DeviceOptions): Device {
  const { configuration, journal, module, reader, clock, random } = options;
  const identity = journal.identity();
  const log = options.log.child({ terminal: identity.tid });
  const onNotice = (what: string, about: Readonly<Record<string, string>>): void =>
    log.info(about, what);
  const onDefect = (error: unknown): void => log.error({ err: error }, "defect");

  const edge = { journal, module, clock, onNotice, onDefect };
  const session = new Session({
    ...edge,
    link: () => link,
    onChange: () => desk.refresh(),
    parts: () => partsOf(tray, pinPad),
    ...ofItself(identity, configuration),
  });
  const webReader = openWebReader(clock);
  const tray = webReader.beside(reader?.tray ?? options.tray);
  const pinPad = createPinPad({ clock, random, idleMs: configuration.TILLWAY_PIN_MS });
  const desk = new Desk({
    ...edge,
    session,
    pinPad,
    tray,
    random,
    configurations: followConfiguration(journal, options.caKeys, onNotice),
    ...rules(configuration),
    linked: () => link.up(),
  });
  webReader.attend(desk);
  reader?.attend(desk);
  let wasUp = false;
  const link = openHostLink({
    connect: options.connect,
    ...manners(configuration),
    clock,
    module,
    onUp: () => {
      wasUp = true;
      log.info("connected");
      desk.refresh();
      session.attend();
    },
    onDown: () => {
      if (wasUp) log.warn("connection lost");
      wasUp = false;
      desk.refresh();
    },
    onRequirement: (digit) => session.requirement(digit),
    onNotice: (what) => log.warn(what),
  });
  const close = async (): Promise<void> => {
    link.close();
    await desk.close();
    await session.close();
    journal.close();
  };
  return {
    identity,
    desk,
    pinPad,
    session,
    journal,
    tray,
    cards: options.tray,
    webReader,
    software,
    ...keysIn({ session, desk, module }),
    close,
  };
}

/** What happens to the device's keys from outside of it. */
function keysIn(parts: {
  readonly session: Session;
  readonly desk: Desk;
  readonly module: SecurityModule;
}): Pick<Device, "tamper" | "inject"> {
  const { session, desk, module } = parts;
  return {
    tamper: () => {
      session.tamper();
      desk.cancel();
      desk.refresh();
    },
    inject: async (sent) => {
      const taken = await takeMasterKey(module, sent);
      return taken.ok ? { ...taken, signIn: await session.inject(taken.key) } : taken;
    },
  };
}

const ofItself = ({ serial }: Identity, { TILLWAY_TERMINAL_PLACE }: TerminalConfiguration) => ({
  software,
  self: selfDescription(serial, software, TILLWAY_TERMINAL_PLACE),
});

const partsOf = (tray: CardTray, pinPad: PinPad) => ({
  reader: tray.works?.() ?? true,
  pinPad: pinPad.works(),
  printer: printerWorks(),
});

/** Version of this device's software. */
const software = manifest.version;

/** How the acquirer is spoken to. */
function manners(configuration: TerminalConfiguration) {
  return {
    tpdu: configuration.TILLWAY_TPDU,
    header: configuration.TILLWAY_POS_HEADER,
    replyMs: configuration.TILLWAY_REPLY_MS,
  };
}

/** What is allowed at the desk. */
function rules(configuration: TerminalConfiguration) {
  return {
    fallback: configuration.TILLWAY_FALLBACK === "yes",
    offline: {
      count: configuration.TILLWAY_OFFLINE_COUNT,
      amount: BigInt(configuration.TILLWAY_OFFLINE_AMOUNT),
    },
    zone: configuration.TILLWAY_ZONE,
    cardMs: configuration.TILLWAY_CARD_MS,
  };
}
