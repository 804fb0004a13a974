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
  readonly #image: CardImage;
  readonly #connections = new Set<Connection>();
  readonly #server: Server;
  #mak: Uint8Array = new Uint8Array(8);
  #signIns = 0;

  constructor(options: { readonly tmk: Uint8Array; readonly image: CardImage }) {
    this.#tmk = options.tmk;
    this.#image = options.image;
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
    const management = request.mti.startsWith("08");
    if (management || reaction.mac === "none") return encode(unionpayPos, reply);
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
      "37": "112200000002",
      "39": code,
    };
    if (request.mti === "0800" && code === "00") {
      fields["60"] = `00${this.batch}004`;
      fields["62"] = this.#freshKeys();
    }
    if (request.mti === "0200") {
      if (code === "00") fields["38"] = "A1B2C3";
      const asked = fromHex(request.fields["55"] ?? "");
      fields["55"] = toHex(issuerAnswer(asked, this.#image, code));
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
