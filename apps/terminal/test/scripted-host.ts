/** An acquirer for tests: the real codec and keys over a real socket, and a script for answers. */
import { createServer, type AddressInfo, type Server } from "node:net";
import { concat, fromAscii, fromHex, toHex } from "@tillway/bytes";
import { encodeTlv, parseTlv, toStore, type CardImage } from "@tillway/emv";
import {
  checkMessage,
  decode,
  encode,
  encodeForMac,
  macInput,
  responseMti,
  swapTpdu,
  unionpayPos,
  withMac,
  type Decoded,
  type Frame,
  type Message,
} from "@tillway/iso8583";
import { arpc1, cryptogramScheme, keyCheckValue, tdesEncrypt, unionpayMac } from "@tillway/keys";
import { acceptFrames, type Clock, type Connection } from "@tillway/link";

/** What the host does with a request: fields of the answer and how it is signed, or nothing. */
export type Reaction =
  | {
      readonly code: string;
      readonly mac?: "good" | "wrong" | "none";
      readonly fields?: Message["fields"];
      /** Answers only then. */
      readonly after?: Promise<unknown>;
    }
  | "silence"
  | "hang-up";

export type Script = (request: Decoded) => Reaction;

const clock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const limits = { maximum: 4096, idleMs: 600_000, stallMs: 10_000, unsent: 65_536 };

type Heard = { readonly message: Decoded; readonly macRight: boolean | undefined };

/** Answers over one listening socket; what was heard is kept for the test to look at. */
export class ScriptedHost {
  /** Every request as it came, its MAC checked where it has one. */
  readonly heard: Heard[] = [];
  script: Script = () => ({ code: "00" });
  /** Header of answers; digit 6 asks the terminal for something. */
  header = "603100310000";
  batch = "000001";
  readonly #tmk: Uint8Array;
  readonly #images: readonly CardImage[];
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  #mak: Uint8Array = new Uint8Array(8);
  #signIns = 0;

  constructor(options: { readonly tmk: Uint8Array; readonly images: readonly CardImage[] }) {
    this.#tmk = options.tmk;
    this.#images = options.images;
    this.#server = createServer((socket) => {
      socket.setNoDelay(true);
      const connection = acceptFrames(socket, "2be-tpdu-header6", limits, clock, {
        onFrame: (frame) => void this.#hear(frame, connection),
        onClosed: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    // A listening TCP server has such an address.
    return (this.#server.address() as AddressInfo).port;
  }

  of(mti: string): Decoded[] {
    return this.heard.map(({ message }) => message).filter((message) => message.mti === mti);
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #hear(frame: Frame, connection: Connection): Promise<void> {
    const message = decode(unionpayPos, frame.payload);
    // What the terminal sends has the fields that its kind of message must have.
    const check = checkMessage(unionpayPos, message);
    const mti =
      check.outcome === "complete" ? message.mti : `${message.mti} ${JSON.stringify(check)}`;
    const mac = message.fields["64"];
    const made = toHex(unionpayMac(this.#mak, macInput(frame.payload)));
    const macRight = mac === undefined ? undefined : mac === made;
    this.heard.push({ message: { ...message, mti }, macRight });
    const payload = await this.#answer(message);
    if (payload === "hang-up") return connection.close();
    const tpdu = swapTpdu(frame.tpdu ?? "");
    if (payload) connection.send({ tpdu, header: this.header, payload });
    return undefined;
  }

  async #answer(request: Decoded): Promise<Uint8Array | "hang-up" | undefined> {
    const reaction = this.script(request);
    if (reaction === "silence") return undefined;
    if (reaction === "hang-up") return reaction;
    await reaction.after;
    const reply = this.#replyTo(request, reaction.code, reaction.fields ?? {});
    // Management messages have no MAC, but for a signature.
    const plain = /^0[358]/.test(request.mti) && request.fields["60"]?.slice(8) !== "800";
    if (plain || reaction.mac === "none") return encode(unionpayPos, reply);
    const bytes = encodeForMac(unionpayPos, reply);
    const made = unionpayMac(this.#mak, macInput(bytes));
    return withMac(bytes, reaction.mac === "wrong" ? made.map((byte) => byte ^ 1) : made);
  }

  #replyTo(request: Decoded, code: string, extra: Message["fields"]): Message {
    const kept = ["3", "4", "11", "25", "41", "42", "49", "60"].flatMap((field) => {
      const value = request.fields[field];
      return value === undefined ? [] : [[field, value] as const];
    });
    const fields: Record<string, string> = {
      ...Object.fromEntries(kept),
      "12": "104530",
      "13": "1122",
      "15": "1123",
      "32": "48020000",
      // Another reference for each trace number.
      "37": `1122${(request.fields["11"] ?? "").padStart(8, "0")}`,
      "39": code,
    };
    if (request.mti === "0800" && code === "00" && (request.fields["60"] ?? "").endsWith("004")) {
      fields["60"] = `00${this.batch}004`;
      fields["62"] = this.#freshKeys();
    }
    if (request.mti === "0500")
      return { mti: "0510", fields: { ...settled(fields, request), ...extra } };
    const opens = ["0100", "0200"].includes(request.mti);
    if (opens && ["00", "10"].includes(code)) fields["38"] = "A1B2C3";
    const image = this.#images.find(({ profile }) => profile.pan === request.fields["2"]);
    const asked = fromHex(request.fields["55"] ?? "");
    if (opens && image && asked.length > 0) {
      fields["55"] = toHex(issuerAnswer(asked, image, code));
    }
    return { mti: responseMti(request.mti), fields: { ...fields, ...extra } };
  }

  /** DE 62 of a sign-in: other keys each time, the MAC key a single-length one. */
  #freshKeys(): string {
    this.#signIns += 1;
    const key = (length: number, kind: number): Uint8Array =>
      Uint8Array.from({ length }, (_, at) => (at * 16 + kind * 2 + this.#signIns * 32 + 1) & 0xfe);
    this.#mak = key(8, 2);
    return [key(16, 1), this.#mak, key(16, 3)]
      .map((clear) => {
        const cipher = toHex(tdesEncrypt(this.#tmk, clear)).padEnd(32, "0");
        return cipher + toHex(keyCheckValue("tdes", clear));
      })
      .join("");
  }
}

/** The answer to a 0500: its totals with the result 1, balanced; it has no DE 39 (spec §2.5). */
function settled(fields: Record<string, string>, request: Decoded): Record<string, string> {
  const { "39": _, ...rest } = fields;
  const totals = request.fields["48"] ?? "";
  return { ...rest, "48": `${totals.slice(0, 30)}1${totals.slice(31, 61)}1` };
}

/** Tag 91 as the card's issuer makes it (method 1). */
export function issuerAnswer(field55: Uint8Array, image: CardImage, code: string): Uint8Array {
  const data = toStore(parseTlv(field55));
  const value = (tag: string): Uint8Array => data.get(tag) ?? new Uint8Array(0);
  const { arpcKey } = cryptogramScheme(
    image.profile.cryptogramVersion,
    fromHex(image.keys.ac),
    value("9F36"),
    value("9F37"),
  );
  const response = fromAscii(code);
  return encodeTlv("91", concat(arpc1(arpcKey, value("9F26"), response), response));
}
