/** A card in a test's hand: commands as hex, answers as hex, the state kept between them. */
import { concat, fromAscii, fromHex, toHex } from "@tillway/bytes";
import {
  arpc1,
  commonSessionKey,
  pbocSessionKey,
  retailMac,
  visaScriptSessionKey,
} from "@tillway/keys";
import { buildDol } from "../dol.ts";
import { answer } from "./answer.ts";
import type { AnyCardImage } from "./image.ts";
import { newCardState, resetCard } from "./state.ts";
import type { CardState } from "./state.ts";
import { countingRandom } from "./specimen.ts";

export const TERMINAL: ReadonlyMap<string, Uint8Array> = new Map([
  ["9F02", fromHex("000000002580")],
  ["9F03", fromHex("000000000000")],
  ["9F1A", fromHex("0156")],
  ["95", fromHex("0000048000")],
  ["5F2A", fromHex("0156")],
  ["9A", fromHex("261130")],
  ["9C", fromHex("00")],
  ["9F37", fromHex("DEADBEEF")],
  ["9F21", fromHex("120000")],
  ["9F35", fromHex("22")],
  ["8A", fromAscii("00")],
]);

export type Told = { readonly sw: string; readonly data: Uint8Array };

export class CardInHand {
  readonly image: AnyCardImage;
  state: CardState;
  constructor(image: AnyCardImage, state: CardState = newCardState(image)) {
    this.image = image;
    this.state = state;
  }

  /** Sends a command given in hex; the status word comes back as four digits. */
  send(command: string): Told {
    const next = answer(this.image, this.state, fromHex(command), countingRandom);
    // The state goes through JSON as it does between a reader and its file.
    this.state = JSON.parse(JSON.stringify(next.state)) as CardState;
    return { sw: toHex(next.response.slice(-2)), data: next.response.slice(0, -2) };
  }

  power(): void {
    this.state = resetCard(this.state);
  }

  select(): Told {
    const { aid } = this.image.profile;
    return this.send(`00A40400${byte(aid.length / 2)}${aid}00`);
  }

  initiate(): Told {
    this.select();
    const answerOf = toHex(buildDol(fromHex(this.image.pdol), TERMINAL));
    const length = answerOf.length / 2;
    return this.send(`80A80000${byte(length + 2)}83${byte(length)}${answerOf}00`);
  }

  /** GENERATE AC with P1; the second one of a transaction where the card awaits it. */
  generate(p1: string, change: Readonly<Record<string, string>> = {}): Told {
    const values = new Map(TERMINAL);
    for (const [tag, value] of Object.entries(change)) values.set(tag, fromHex(value));
    const second = this.state.session.stage === "online";
    const data = buildDol(fromHex(second ? this.image.cdol2 : this.image.cdol1), values);
    return this.send(`80AE${p1}00${byte(data.length)}${toHex(data)}00`);
  }

  /** Tag 91 of method 1 as this card's issuer makes it, with a key given in hex. */
  issuerData(key: string, arqc: Uint8Array, code: string): string {
    const text = fromAscii(code);
    return toHex(concat(arpc1(fromHex(key), arqc, text), text));
  }

  /** A script command with its MAC; the session key is derived in the way named. */
  script(ins: string, arqc: Uint8Array, way: "visa" | "pboc" | "common"): string {
    const atc = Uint8Array.of(this.state.atc >> 8, this.state.atc & 0xff);
    const smi = fromHex(this.image.keys.smi);
    const keys = {
      visa: () => visaScriptSessionKey(smi, atc),
      pboc: () => pbocSessionKey(smi, atc),
      common: () => commonSessionKey(smi, arqc),
    };
    const key = keys[way]();
    const header = fromHex(`84${ins}000008`);
    return toHex(concat(header, retailMac(key, concat(header, atc, arqc), 2)));
  }
}

function byte(value: number): string {
  return toHex(Uint8Array.of(value));
}
