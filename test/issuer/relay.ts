/** A wire between the bank and the network that a test can hold, cut and join again. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export type Relay = {
  readonly port: number;
  /** Where connections go; set once the network's port is known. */
  target: number;
  /** While true, what the bank says stays in the wire; set false, it goes on. */
  holdAnswers: (held: boolean) => void;
  /** Cuts what is connected. While `refusing`, new connections are cut at once. */
  readonly cut: (refusing?: boolean) => void;
  readonly join: () => void;
  /** Cuts the wire as soon as the bank says something. */
  readonly cutAtNextAnswer: () => void;
  readonly close: () => Promise<void>;
};

export async function startRelay(): Promise<Relay> {
  const pairs = new Set<{ bank: Socket; network: Socket; waiting: Uint8Array[] }>();
  let refusing = false;
  let holding = false;
  let cutAtNext = false;
  const cutAll = (): void => {
    for (const pair of pairs) {
      pair.bank.destroy();
      pair.network.destroy();
    }
    pairs.clear();
  };
  const server = createServer((bank) => {
    bank.on("error", () => undefined);
    if (refusing) {
      bank.destroy();
      return;
    }
    const network = connect(relay.target, "127.0.0.1");
    const pair = { bank, network, waiting: [] as Uint8Array[] };
    pairs.add(pair);
    network.on("error", () => bank.destroy());
    network.on("close", () => bank.destroy());
    bank.on("close", () => network.destroy());
    network.on("data", (chunk) => bank.write(chunk));
    bank.on("data", (chunk: Buffer) => {
      if (cutAtNext) {
        cutAtNext = false;
        cutAll();
      } else if (holding) {
        pair.waiting.push(chunk);
      } else {
        network.write(chunk);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const relay: Relay = {
    port: (server.address() as AddressInfo).port,
    target: 0,
    holdAnswers: (held) => {
      holding = held;
      if (held) return;
      for (const pair of pairs)
        for (const chunk of pair.waiting.splice(0)) pair.network.write(chunk);
    },
    cut: (refuse = false) => {
      refusing = refuse;
      cutAll();
    },
    join: () => {
      refusing = false;
    },
    cutAtNextAnswer: () => {
      cutAtNext = true;
    },
    close: async () => {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return relay;
}
