/** What becomes of a terminal's message: read, checked in order, handed to its room, answered. */
import {
  checkMessage,
  decode,
  MessageError,
  unionpayPos,
  type Decoded,
  type Frame,
} from "@tillway/iso8583";
import { hasValidMac } from "@tillway/link";
import { transactionOf } from "@tillway/transactions";
import {
  isKeyLayout,
  misplaced,
  readDe59,
  requirement,
  type Terminal,
} from "../terminals/index.ts";
import {
  answer,
  clockFields,
  refuse,
  type DeskAnswer,
  type DeskOptions,
  type Read,
} from "./counter.ts";
import { isManaged, manage } from "./management-desk.ts";
import { readablePart, withoutAmount } from "./partial.ts";
import { afterRepeats, firstRefusal, refusalFor, type Facts } from "./refusals.ts";
import { batchMessage, isBatchKind } from "./batch-desk.ts";
import { scriptResult, signature } from "./papers-desk.ts";
import { payment, reversal } from "./payment-desk.ts";

const REQUEST = /^0\d[02][01]$/;

/** `certified`: the terminal that the line belongs to; undefined where the line says nothing. */
export type Desk = (frame: Frame, certified?: string) => Promise<DeskAnswer>;

/** The desk of one node. */
export function openDesk(options: DeskOptions): Desk {
  return async (frame, certified) => {
    const parsed = parse(frame.payload);
    if (!parsed || !REQUEST.test(parsed.message.mti))
      return { kind: "close", reason: "no-request" };
    const read = await identify(options, frame, parsed);
    if (certified !== undefined && certified !== read.message.fields["41"]) {
      return refuse(options, read, refusalFor("other-certificate"));
    }
    if (read.terminal) options.management.seen(read.terminal.tid);
    const refusal = firstRefusal(read.facts);
    if (refusal && !afterRepeats(refusal.reason)) return refuse(options, read, refusal);
    const name = read.kind === undefined ? undefined : transactionOf(read.kind);
    if (name) return payment(options, read, name);
    if (isBatchKind(read.kind)) return batchMessage(options, read, read.kind);
    switch (read.kind) {
      case "reversal":
        return reversal(options, read);
      case "script result":
        return scriptResult(options, read);
      case "signature upload":
        return signature(options, read);
      case "sign-in":
        return signIn(options, read);
      case "echo":
        return answer(options, read, { ...clockFields(options), "39": "00" });
      case undefined:
      default:
        return (await manage(options, read)) ?? refuse(options, read, refusalFor("unsupported"));
    }
  };
}

type Parsed = { readonly message: Decoded; readonly facts: Facts };

function parse(payload: Uint8Array): Parsed | undefined {
  try {
    return { message: decode(unionpayPos, payload), facts: {} };
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    const unnumbered = withoutAmount(payload, error);
    if (unnumbered) return { message: unnumbered, facts: { "wrong-amount": true } };
    const part = readablePart(payload, error);
    return part && { message: part, facts: { malformed: true } };
  }
}

/** Who sent it, and whether it is what it says it is: the first half of the list of refusals. */
async function identify(
  options: DeskOptions,
  frame: Frame,
  { message, facts: known }: Parsed,
): Promise<Read> {
  const checked = checkMessage(unionpayPos, message);
  const malformed =
    known.malformed === true || checked.outcome === "missing" || checked.outcome === "forbidden";
  const { "41": tid = "", "64": mac } = message.fields;
  let terminal = tid === "" ? undefined : await options.terminals.find(tid);
  // Its keys may have been injected anew, by another process, a moment ago.
  if (terminal?.state === "tampered") terminal = await options.terminals.find(tid, true);
  const isOurs = (): Promise<boolean> => {
    const key = terminal?.session?.mak;
    if (key === undefined) return Promise.resolve(false);
    const { payload } = frame;
    const macs = [{ key, algorithm: options.mac }];
    return hasValidMac(options.module, unionpayPos, { payload, message }, macs);
  };
  let signed = malformed || mac === undefined || (await isOurs());
  if (!signed && terminal) {
    // Another node may have signed the terminal in a moment ago.
    terminal = await options.terminals.find(tid, true);
    signed = await isOurs();
  }
  const kind = checked.outcome === "complete" ? checked.name : undefined;
  const facts = { ...known, malformed, ...standing(terminal, message, kind, signed) };
  return { frame, message, kind, facts, terminal, session: terminal?.session };
}

/** How the sender stands: known, ours, allowed to pay, where it belongs. */
function standing(
  terminal: Terminal | undefined,
  message: Decoded,
  kind: string | undefined,
  signed: boolean,
): Facts {
  const managed = kind === "sign-in" || kind === "echo" || isManaged(kind);
  // What undoes, closes or proves a payment is taken from anywhere.
  const pays = kind !== undefined && transactionOf(kind) !== undefined;
  const away = pays && terminal ? whereabouts(terminal, message) : undefined;
  return {
    "unknown-terminal": terminal === undefined,
    "wrong-merchant": terminal?.merchant.mid !== (message.fields["42"] ?? ""),
    "merchant-suspended": terminal?.merchant.status === "suspended",
    "terminal-suspended": terminal?.status === "suspended",
    "terminal-locked": !managed && terminal?.state === "locked",
    // It may still tell how it is.
    "terminal-tampered": terminal?.state === "tampered" && kind !== "status upload",
    "other-serial": away === "other-serial",
    "other-place": away === "other-place",
    "not-signed-in": !managed && terminal?.session === undefined,
    "wrong-mac": !managed && !signed,
    unsupported: kind === undefined,
  };
}

/** What is wrong with where and what a paying terminal says it is (DE 59). */
function whereabouts(terminal: Terminal, message: Decoded): ReturnType<typeof misplaced> {
  const text = message.fields["59"];
  const said = text === undefined ? {} : readDe59(text);
  // A form that is not ours says nothing: only a terminal that is bound to a place must say more.
  return misplaced(said ?? {}, terminal);
}

async function signIn(options: DeskOptions, read: Read): Promise<DeskAnswer> {
  const { message } = read;
  // Under the master key that it has now.
  const terminal = read.terminal && (await options.terminals.find(read.terminal.tid, true));
  const layout = message.fields["60"]?.slice(8, 11) ?? "";
  // 001 asks for single-length keys, which are not given out.
  if (!terminal || !isKeyLayout(layout)) return refuse(options, read, refusalFor("unsupported"));
  const keys = await options.terminals.signIn(terminal, layout);
  if (terminal.requirement === requirement(["sign-in"])) {
    await options.management.finished(terminal.tid, "sign-in");
  }
  const { bucket, mid: merchant } = terminal.merchant;
  const key = { bucket, merchant, terminal: terminal.tid, batch: terminal.batch };
  const batch = await options.batches.current(key, options.clock.now());
  const { rrn } = await options.numbers.assign(options.clock.now(), options.today());
  return answer(options, read, {
    ...clockFields(options),
    "32": options.network,
    "37": rrn,
    "39": "00",
    "60": `00${batch}${layout}`,
    "62": keys,
  });
}
