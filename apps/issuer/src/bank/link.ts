/** The bank as a member of the network: it keeps connected, signs on, and answers. */
import { connect } from "node:net";
import { cups, decode, encode, MessageError } from "@tillway/iso8583";
import type { Decoded, Frame } from "@tillway/iso8583";
import { openLink, type Cancel, type Connection } from "@tillway/link";
import { reasonOf } from "../log.ts";
import {
  type Address,
  CUPS_FRAMING,
  cupsFrame,
  encodeWithMac,
  LINK_LIMITS,
  macIsValid,
  NETWORK_INSTITUTION,
} from "../wire/index.ts";
import { BANK_INSTITUTION, type BankContext } from "./context.ts";
import { reverse } from "./reversal.ts";
import { authorise } from "./sale.ts";
import { createSignOn, type LinkKeys } from "./sign-on.ts";

export type BankLink = {
  /** Whether the bank is signed on and has its keys. */
  readonly ready: () => boolean;
  readonly close: () => void;
};

const ECHO_EVERY = 60_000;

/** Keeps the bank connected to the network at an address, for as long as it is not closed. */
export function openBankLink(context: BankContext, address: Address): BankLink {
  const { clock, log } = context;
  const management = createSignOn(context);
  let keys: LinkKeys | undefined;
  let signedOn = false;
  let echo: Cancel = () => undefined;

  const probe = async (on: Connection, by: LinkKeys): Promise<void> => {
    await management.echo(on, by);
    echo();
    echo = clock.after(ECHO_EVERY, () => {
      probe(on, by).catch(() => on.close());
    });
  };
  const signOn = async (on: Connection): Promise<void> => {
    const given = await management.run(on);
    keys = given;
    // With a MAC: from here on the network knows that the right bank is listening.
    await probe(on, given);
    signedOn = true;
    log.info({ institution: BANK_INSTITUTION }, "the bank is signed on to the network");
  };
  const received = async (frame: Frame, on: Connection): Promise<void> => {
    const message = decode(cups, frame.payload);
    if (message.mti === "0810") {
      management.settle(message);
      return;
    }
    const reply = await answer(context, message, frame.payload, keys);
    if (reply) on.send(cupsFrame(BANK_INSTITUTION, NETWORK_INSTITUTION, reply));
  };

  const link = openLink({
    connect: () => connect(address.port, address.host),
    framing: CUPS_FRAMING,
    limits: LINK_LIMITS,
    clock,
    onUp: (on) => {
      signOn(on).catch((error: unknown) => {
        log.warn(reasonOf(error), "the bank could not sign on");
        on.close();
      });
    },
    onFrame: (frame, on) => {
      received(frame, on).catch((error: unknown) => {
        // Without an answer the network gives the transaction up and has it reversed.
        context.count(error instanceof MessageError ? "unreadable-message" : "defect");
        log.error(reasonOf(error), "a message was not answered");
      });
    },
    onDown: (reason) => {
      keys = undefined;
      signedOn = false;
      echo();
      management.abandon();
      log.info({ reason }, "the bank's link to the network is down");
    },
  });
  return {
    ready: () => signedOn,
    close: () => {
      echo();
      link.close();
      management.abandon();
    },
  };
}

/** Fields by which the network finds the request of an answer that has no MAC. */
const KEY_FIELDS = ["3", "7", "11", "32", "33"];

/** The bytes that answer a request; undefined where nothing is to be said. */
async function answer(
  context: BankContext,
  message: Decoded,
  payload: Uint8Array,
  keys: LinkKeys | undefined,
): Promise<Uint8Array | undefined> {
  const isSale = message.mti === "0200" || message.mti === "0201";
  if (!isSale && message.mti !== "0420" && message.mti !== "0421") {
    context.count("unknown-message");
    return undefined;
  }
  const mti = isSale ? "0210" : "0430";
  if (!keys || !(await macIsValid(context.module, [keys.zak], payload, message))) {
    context.count("wrong-mac");
    const repeated = KEY_FIELDS.flatMap((number) => {
      const value = message.fields[number];
      return value === undefined ? [] : [[number, value] as const];
    });
    return encode(cups, { mti, fields: { ...Object.fromEntries(repeated), "39": "A0" } });
  }
  const fields = isSale
    ? await authorise(context, message, keys.zpk)
    : await reverse(context, message);
  return encodeWithMac(context.module, keys.zak, { mti, fields });
}
