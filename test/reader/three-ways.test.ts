/**
 * The same card, three ways: in process, in a PC/SC reader (T=1 and T=0), over a WebSocket. The same
 * transaction, with the same numbers drawn on both sides, has the same commands, answers and outcome.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { toHex } from "@tillway/bytes";
import {
  advance,
  DEFAULT_APPLICATIONS,
  DEFAULT_TERMINAL,
  parseKernelConfiguration,
  startKernel,
  type Card,
  type CardImage,
  type KernelConfiguration,
  type KernelEvent,
  type KernelOutcome,
  type KernelStep,
} from "@tillway/emv";
import type { Clock } from "@tillway/link";
import { WebSocket, WebSocketServer } from "ws";
import {
  openReader,
  openTray,
  openWebReader,
  readerCard,
  webCard,
  type CardReader,
} from "../../apps/terminal/src/cards/index.ts";
import { serveLentCard, serveReader } from "../../apps/terminal/src/http/index.ts";
import { cardName, makeCards, writeCards } from "../../apps/terminal/test/demonstration.ts";
import { issuerAnswer } from "../../apps/terminal/test/scripted-host.ts";
import { until } from "../system/installation.ts";
import { fixedRandom, startBench, type Bench } from "./bench.ts";

/** Set by tools/setup.mjs where this machine cannot have a virtual reader: why. */
const missing = process.env.TILLWAY_NO_READER_TEST ?? "";

const clock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

type Played = {
  /** Commands and answers in hex, one after the other. */
  readonly exchanges: readonly string[];
  readonly outcome: KernelOutcome;
};

let image: CardImage;
let configuration: KernelConfiguration;
/** What the card in process said and did: what every other way is measured by. */
let expected: Played;

before(async () => {
  const made = makeCards();
  image = made.image;
  const parsed = parseKernelConfiguration({
    terminal: DEFAULT_TERMINAL,
    keySet: "test",
    caKeys: [made.caKey],
    applications: DEFAULT_APPLICATIONS,
  });
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  configuration = parsed.configuration;
  expected = await withNewCard(async (folder) => {
    const inserted = openTray(folder, fixedRandom()).insert(cardName);
    assert.ok(inserted.ok);
    return play(inserted.card);
  });
});

/** A folder with the card as it was personalised: nothing happened to it yet. */
async function withNewCard<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const data = mkdtempSync(join(tmpdir(), "tillway-three-ways-"));
  try {
    writeCards(data, [image]);
    return await use(join(data, "cards"));
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

/** One sale from selection to the second cryptogram, with a terminal that draws fixed numbers. */
async function play(card: Card): Promise<Played> {
  const exchanges: string[] = [];
  let { state, step } = startKernel(configuration, {
    amount: "2580",
    currency: "156",
    currencyExponent: 2,
    type: "00",
    date: "261127",
    time: "120000",
    unpredictableNumber: "0A0B0C0D",
    authenticationNumber: "01020304",
    sequence: "1",
    randomSelection: 50,
  });
  while (step.type !== "done") {
    if (step.type === "transmit") exchanges.push(toHex(step.apdu));
    const event = await answerTo(step, card);
    if (event.type === "response") exchanges.push(toHex(event.apdu));
    ({ state, step } = advance(state, event));
  }
  return { exchanges, outcome: step.outcome };
}

async function answerTo(
  step: Exclude<KernelStep, { readonly type: "done" }>,
  card: Card,
): Promise<KernelEvent> {
  switch (step.type) {
    case "transmit":
      return { type: "response", apdu: await card.transmit(step.apdu) };
    case "choose-application":
      return { type: "application-chosen", aid: step.candidates[0]?.aid ?? "" };
    case "enter-online-pin":
      return { type: "pin-entered" };
    case "go-online": {
      const issuerData = issuerAnswer(step.request.data, image, "00");
      return { type: "online-answered", responseCode: "00", issuerData };
    }
  }
}

test("in process the sale is approved, its data authenticated and the issuer too", () => {
  assert.equal(expected.outcome.result, "approved");
  assert.ok(expected.exchanges.length >= 20, "selection, records, two cryptograms");
  const [first, second] = expected.exchanges.filter((one) => one.startsWith("80AE"));
  assert.ok(first && second);
});

test("the numbers are fixed: in process a second new card says the same", async () => {
  const again = await withNewCard(async (folder) => {
    const inserted = openTray(folder, fixedRandom()).insert(cardName);
    assert.ok(inserted.ok);
    return play(inserted.card);
  });
  assert.deepEqual(again, expected);
});

test("over WebSockets, held by a page that passes everything on, it is the same", async (t) => {
  await withNewCard(async (folder) => {
    const webReader = openWebReader(clock);
    const cards = openTray(folder, fixedRandom());
    const attached = new Promise<void>((resolve) => {
      const insert = (): undefined => {
        resolve();
      };
      webReader.attend({ insert, remove: () => undefined });
    });
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    const sockets: WebSocket[] = [];
    t.after(() => {
      for (const socket of sockets) socket.terminate();
      server.close();
    });
    server.on("connection", (socket, { url }) => {
      if (url === "/reader") serveReader(socket, { webReader });
      else serveLentCard(socket, { cards }, cardName);
    });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const connect = (name: string): WebSocket => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/${name}`);
      sockets.push(socket);
      return socket;
    };
    // The page: what each of the two says is told to the other.
    const reader = connect("reader");
    await once(reader, "open");
    const held = connect("card");
    reader.on("message", (said: Buffer) => held.send(said.toString()));
    held.on("message", (said: Buffer) => reader.send(said.toString()));
    await attached;
    const inserted = webReader.beside(cards).insert(webCard);
    assert.ok(inserted.ok);
    assert.deepEqual(await play(inserted.card), expected);
  });
});

describe("through PC/SC", { skip: missing === "" ? false : missing, timeout: 120_000 }, () => {
  let bench: Bench;
  let reader: CardReader;
  before(async () => {
    bench = await startBench();
    Object.assign(process.env, bench.environment);
    const name = "Virtual PCD";
    reader = await openReader({ name, clock, answerMs: 3000, onNotice: () => undefined });
  });
  after(async () => {
    await reader?.close();
    await bench?.stop();
  });

  async function played(more: { readonly t0?: boolean; readonly mute?: string }): Promise<Played> {
    return withNewCard(async (folder) => {
      await bench.insert({ cards: folder, name: cardName, fixed: true, ...more });
      await until("the card is seen", () => reader.tray.list().length === 1);
      const inserted = reader.tray.insert(readerCard);
      assert.ok(inserted.ok);
      try {
        return await play(inserted.card);
      } finally {
        inserted.eject();
        await bench.remove();
        await until("the card is gone", () => reader.tray.list().length === 0);
      }
    });
  }

  test("with T=1 every command and every answer is the same", async () => {
    assert.deepEqual(await played({}), expected);
  });

  test("with T=0 the answers are fetched, and the outcome is the same", async () => {
    const { exchanges, outcome } = await played({ t0: true });
    assert.ok(exchanges.some((one) => one.startsWith("00C00000")));
    assert.deepEqual(outcome, expected.outcome);
  });

  test("a card that says nothing is given up, and one that is put in after it is read", async () => {
    await assert.rejects(played({ mute: "A8" }), /did not answer/);
    assert.deepEqual(await played({}), expected);
  });
});
