/** An acquirer as the network sees one: it connects, signs on, sends and hears real messages. */
import { connect } from "node:net";
import { toHex } from "@tillway/bytes";
import {
  buildCupsHeader,
  cups,
  decode,
  encode,
  encodeForMac,
  macInput,
  withMac,
  type Decoded,
  type MessageFields,
} from "@tillway/iso8583";
import { createSoftwareModule, type KeyBlock } from "@tillway/keys";
import { acceptFrames, type Connection } from "@tillway/link";
import { payByChip, type ChipPayment, type HeldCard } from "./chip.ts";
import { ACQUIRER, clock, random, until, type Installation } from "./installation.ts";

const module = createSoftwareModule({ masterKey: random(32), random });
let traces = 0;
let references = 0;

type Keys = { zpk: KeyBlock; zak: KeyBlock };

export type SaleOptions = {
  readonly pin?: string | undefined;
  readonly amount?: bigint;
  readonly change?: Record<string, string | undefined>;
};

/** A request that was made ready, to be sent once or more often. */
export type Sale = { readonly fields: MessageFields; readonly chip: ChipPayment };

export type Acquirer = {
  /** A PIN as it goes to the network: under this session's key. */
  readonly pinBlock: (pin: string, pan: string) => Promise<string>;
  /** Signs on, gets both keys. */
  readonly signOn: () => Promise<void>;
  /** Card and PIN pad make a request; nothing is sent. */
  readonly prepare: (card: HeldCard, options?: SaleOptions) => Promise<Sale>;
  /** Sends fields with a MAC and waits for the answer; checks its MAC where it has one. */
  readonly ask: (mti: string, fields: MessageFields) => Promise<Decoded>;
  /** Sends without waiting. */
  readonly tell: (mti: string, fields: MessageFields) => Promise<void>;
  readonly pay: (card: HeldCard, options?: SaleOptions) => Promise<Decoded & { sale: Sale }>;
  readonly reversalOf: (sale: MessageFields) => MessageFields;
  readonly sendRaw: (payload: Uint8Array) => void;
  readonly answers: readonly Decoded[];
  readonly closed: () => string | undefined;
  readonly close: () => void;
};

/** DE 7 and DE 11 of a new message. */
export function transmission(): { "7": string; "11": string } {
  traces += 1;
  const sent = new Date().toISOString().replace(/\D/g, "").slice(4, 14);
  return { "7": sent, "11": String(traces).padStart(6, "0") };
}

/** Connects an acquirer; it is not signed on yet. */
export async function connectAcquirer(
  installation: Installation,
  port: number = installation.networkPort(),
): Promise<Acquirer> {
  const answers: Decoded[] = [];
  let keys: Keys | undefined;
  let ended: string | undefined;
  const socket = connect(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("error", reject);
  });
  const limits = { maximum: 4096, idleMs: 60_000, stallMs: 5000, unsent: 1 << 20 };
  const waiting = new Map<string, (answer: Decoded) => void>();
  const keyOf = (fields: MessageFields): string => `${fields["7"]}${fields["11"]}`;
  const connection: Connection = acceptFrames(socket, "cups46", limits, clock, {
    onFrame: (frame) => {
      const message = decode(cups, frame.payload);
      answers.push(message);
      const hear = async (): Promise<void> => {
        if (message.fields["128"] !== undefined && keys) {
          const data = macInput(frame.payload);
          const mac = frame.payload.subarray(data.length);
          const checked = await module.run({
            do: "verify-mac",
            key: keys.zak,
            algorithm: "x919",
            data,
            mac,
          });
          if (!checked.ok || !checked.valid) throw new Error("an answer has a wrong MAC");
        }
        waiting.get(keyOf(message.fields))?.(message);
      };
      hear().catch((error: unknown) => {
        ended = String(error);
      });
    },
    onClosed: (reason) => {
      ended = reason;
    },
  });

  const sendRaw = (payload: Uint8Array): void => {
    const header = buildCupsHeader({ source: ACQUIRER, destination: "00010000" });
    connection.send({ header, payload });
  };
  const tell: Acquirer["tell"] = async (mti, fields) => {
    if (!keys || mti === "0800") return sendRaw(encode(cups, { mti, fields }));
    const bytes = encodeForMac(cups, { mti, fields });
    const made = await module.run({
      do: "mac",
      key: keys.zak,
      algorithm: "x919",
      data: macInput(bytes),
    });
    if (!made.ok) throw new Error(made.message);
    return sendRaw(withMac(bytes, made.mac));
  };
  const ask: Acquirer["ask"] = async (mti, fields) => {
    const key = keyOf(fields);
    const heard = Promise.withResolvers<Decoded>();
    waiting.set(key, heard.resolve);
    await tell(mti, fields);
    const timer = setTimeout(() => heard.reject(new Error(`no answer to ${mti}`)), 15_000);
    const answer = await heard.promise.finally(() => clearTimeout(timer));
    waiting.delete(key);
    return answer;
  };

  const manage = async (fields: MessageFields): Promise<MessageFields> => {
    const answer = await ask("0800", { ...transmission(), "33": ACQUIRER, ...fields });
    if (answer.fields["39"] !== "00") throw new Error(`refused: ${answer.fields["39"]}`);
    return answer.fields;
  };
  const signOn = async (): Promise<void> => {
    const zmk = await module.run({
      do: "import-components",
      usage: "K0",
      algorithm: "tdes",
      components: [...installation.acquirerZmk],
    });
    if (!zmk.ok) throw new Error(zmk.message);
    const fetchKey = async (control: string, usage: "P0" | "M3"): Promise<KeyBlock> => {
      const { "48": carried = "" } = await manage({ "53": control, "70": "101" });
      const imported = await module.run({
        do: "import-ecb",
        usage,
        algorithm: "tdes",
        cipher: carried.slice(2, 34),
        under: zmk.key,
        kcv: carried.slice(34, 42),
      });
      if (!imported.ok) throw new Error(imported.message);
      return imported.key;
    };
    await manage({ "70": "001" });
    const zpk = await fetchKey("1600000000000000", "P0");
    keys = { zpk, zak: await fetchKey("2000000000000000", "M3") };
    await manage({ "70": "301" });
  };

  const prepare: Acquirer["prepare"] = async (card, options = {}) => {
    const { amount = 25_80n, change = {} } = options;
    const pin = "pin" in options ? options.pin : card.image.profile.pin;
    const chip = payByChip(card, installation.caKeys, amount);
    const fields = await saleFields(chip, amount, pin);
    const changed = Object.entries({ ...fields, ...change }).filter(([, value]) => value);
    return { chip, fields: Object.fromEntries(changed) as MessageFields };
  };
  const saleFields = async (
    chip: ChipPayment,
    amount: bigint,
    pin: string | undefined,
  ): Promise<MessageFields> => {
    const { pan, psn = "00", expiry, track2, data } = chip.request;
    references += 1;
    return {
      ...transmission(),
      "2": pan,
      "3": "000000",
      "4": amount.toString().padStart(12, "0"),
      "12": "120000",
      "13": "1123",
      "14": expiry,
      "18": "5812",
      "22": pin === undefined ? "052" : "051",
      "23": psn.padStart(3, "0"),
      "25": "00",
      "32": ACQUIRER,
      "33": ACQUIRER,
      "35": track2,
      "37": String(references).padStart(12, "0"),
      "41": "10000001",
      "42": "898290058120001",
      "43": "Tillway Cafe".padEnd(40),
      "49": "156",
      "55": toHex(data),
      "60": "0000",
      ...(await pinFields(pin, pan)),
    };
  };
  const pinFields = async (pin: string | undefined, pan: string): Promise<MessageFields> => {
    if (pin === undefined || !keys) return {};
    const made = await module.run({ do: "encrypt-pin", key: keys.zpk, pin, pan, format: 0 });
    if (!made.ok) throw new Error(made.message);
    return { "26": "12", "52": toHex(made.block), "53": "2600000000000000" };
  };

  return {
    pinBlock: async (pin: string, pan: string) => (await pinFields(pin, pan))["52"] ?? "",
    signOn,
    prepare,
    ask,
    tell,
    pay: async (card, options) => {
      const sale = await prepare(card, options);
      return { ...(await ask("0200", sale.fields)), sale };
    },
    reversalOf: (sale) => {
      const left = new Set(["26", "35", "36", "52", "53", "55"]);
      const kept = Object.entries(sale).filter(([number]) => !left.has(number));
      const institution = ACQUIRER.padStart(11, "0");
      const original = `0200${sale["11"]}${sale["7"]}${institution}${institution}`;
      return { ...Object.fromEntries(kept), ...transmission(), "90": original };
    },
    sendRaw,
    answers,
    closed: () => ended,
    close: () => connection.close(),
  };
}

/** An acquirer that is signed on. */
export async function signedOn(installation: Installation, port?: number): Promise<Acquirer> {
  const acquirer = await connectAcquirer(installation, port);
  await acquirer.signOn();
  await until("the network takes requests", () => acquirer.closed() === undefined);
  return acquirer;
}
