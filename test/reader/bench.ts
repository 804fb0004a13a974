/**
 * A bench with a virtual reader: pcscd with vpcd's driver, and the cards that are put into it. vpcd
 * listens on every address, so all of it runs in a network namespace of its own (this file, started
 * as a program there); only pcscd's Unix socket is seen outside, in a folder that both sides know.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openTray } from "../../apps/terminal/src/cards/index.ts";
import {
  insertIntoVpcd,
  overT0,
  T0_ATR,
  T1_ATR,
  VPCD_PORT,
  type CardInReader,
  type Insertion,
} from "./vpcd-card.ts";

export type InsertOrder = {
  readonly do: "insert";
  /** Folder of the sealed cards, and which of them. */
  readonly cards: string;
  readonly name: string;
  readonly t0?: boolean;
  /** The card draws fixed numbers instead of random ones. */
  readonly fixed?: boolean;
  readonly tear?: Insertion["tear"];
  readonly mute?: Insertion["mute"];
};

type Order = InsertOrder | { readonly do: "remove" | "stop-daemon" | "start-daemon" };
type Answer = { readonly ok: boolean; readonly instructions?: readonly string[] };

export type Bench = {
  /** Where the terminal finds pcscd: its environment. */
  readonly environment: { readonly PCSCLITE_CSOCK_NAME: string };
  readonly insert: (order: Omit<InsertOrder, "do">) => Promise<void>;
  /** Takes the card out, if it is still in; the instructions that it was given. */
  readonly remove: () => Promise<readonly string[]>;
  readonly daemon: (wanted: "start" | "stop") => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** How long an order may take (ms); then the bench is torn down, whatever hangs in it. */
const ANSWER_MS = 20_000;

/** A namespace of its own, of users too where the user is not root (tools/setup.mjs tries it). */
const namespaceOptions: readonly string[] = [
  ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
  "--net",
  "--mount",
  "--pid",
  "--fork",
  "--kill-child",
];

/** Starts the bench; throws with what was said where it cannot be. */
export async function startBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "tillway-bench-"));
  const shell =
    "mount -t tmpfs tmpfs /run && mkdir /run/pcscd && " +
    'mount --bind "$1" /run/pcscd && ip link set lo up && exec "$2" "$3" "$1"';
  const words = [shell, "bench", folder, process.execPath, import.meta.filename];
  const child = spawn("unshare", [...namespaceOptions, "sh", "-c", ...words], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.once("error", (error) => (said += error.message));
  const waiting: ((line: string | undefined) => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.(line));
  let ended = false;
  child.once("close", () => {
    ended = true;
    for (const tell of waiting.splice(0)) tell(undefined);
  });
  child.stdin.on("error", (error) => (said += error.message));
  const next = async (): Promise<Answer> => {
    const slow = setTimeout(() => {
      said += `no answer within ${ANSWER_MS} ms`;
      child.kill("SIGKILL");
    }, ANSWER_MS);
    const line = await new Promise<string | undefined>((resolve) => {
      if (ended) resolve(undefined);
      else waiting.push(resolve);
    });
    clearTimeout(slow);
    const answer = line === undefined ? { ok: false } : (JSON.parse(line) as Answer);
    if (!answer.ok) throw new Error(`the virtual reader failed: ${said}`);
    return answer;
  };
  const tell = (order: Order): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    return next();
  };
  await next();
  return {
    environment: { PCSCLITE_CSOCK_NAME: join(folder, "pcscd.comm") },
    insert: async (order) => void (await tell({ do: "insert", ...order })),
    remove: async () => (await tell({ do: "remove" })).instructions ?? [],
    daemon: async (wanted) => void (await tell({ do: `${wanted}-daemon` })),
    stop: async () => {
      const closed = new Promise((resolve) => child.once("close", resolve));
      const slow = setTimeout(() => child.kill("SIGKILL"), ANSWER_MS);
      child.stdin.end();
      if (!ended) await closed;
      clearTimeout(slow);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** The same "random" numbers each time it is made. */
export function fixedRandom(): (length: number) => Uint8Array {
  let drawn = 0;
  return (length) => {
    drawn += 1;
    return new Uint8Array(length).fill(drawn);
  };
}

/** pcscd in the foreground, with no reader but vpcd's; resolves once it takes clients. */
async function startDaemon(folder: string): Promise<ChildProcess> {
  const readers = join(folder, "readers");
  mkdirSync(readers, { recursive: true });
  const reader = {
    FRIENDLYNAME: '"Virtual PCD"',
    DEVICENAME: `/dev/null:0x${VPCD_PORT.toString(16)}`,
    LIBPATH: "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    CHANNELID: `0x${VPCD_PORT.toString(16)}`,
  };
  const lines = Object.entries(reader).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(join(readers, "vpcd"), lines.join(""));
  const daemon = spawn("pcscd", ["--foreground", "--config", readers], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const socket = join(folder, "pcscd.comm");
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (tries > 400 || daemon.exitCode !== null) throw new Error("pcscd did not start");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return daemon;
}

async function insert({ cards, name, t0, fixed, tear, mute }: InsertOrder): Promise<CardInReader> {
  const power: Insertion["power"] = () => {
    const inserted = openTray(cards, fixed ? fixedRandom() : random).insert(name);
    if (!inserted.ok) throw new Error(`${name}: ${inserted.why}`);
    return { card: t0 ? overT0(inserted.card) : inserted.card, cut: inserted.eject };
  };
  const insertion = { port: VPCD_PORT, power, tear, mute, atr: t0 ? T0_ATR : T1_ATR };
  // The driver may not be listening again right after the last card.
  for (let tries = 0; ; tries += 1) {
    try {
      return await insertIntoVpcd(insertion);
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

async function serve(folder: string): Promise<void> {
  let daemon = await startDaemon(folder);
  let card: CardInReader | undefined;
  const takeOut = async (): Promise<readonly string[]> => {
    card?.remove();
    await card?.out;
    const { instructions } = card ?? { instructions: [] };
    card = undefined;
    return instructions;
  };
  const obey = async (order: Order): Promise<readonly string[]> => {
    switch (order.do) {
      case "insert":
        await takeOut();
        card = await insert(order);
        return [];
      case "remove":
        return takeOut();
      case "stop-daemon": {
        const ended = new Promise((resolve) => daemon.once("exit", resolve));
        daemon.kill("SIGTERM");
        await ended;
        return [];
      }
      case "start-daemon":
        daemon = await startDaemon(folder);
        return [];
    }
  };
  const answer = (one: Answer): boolean => process.stdout.write(`${JSON.stringify(one)}\n`);
  answer({ ok: true });
  for await (const line of createInterface({ input: process.stdin })) {
    answer({ ok: true, instructions: await obey(JSON.parse(line) as Order) });
  }
  // The end of the first process of the namespace ends all in it.
  process.exit(0);
}

if (import.meta.main) await serve(process.argv[2] ?? "");
