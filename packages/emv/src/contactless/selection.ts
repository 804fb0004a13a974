/** Combination selection (Book B §3.3): the card's proximity environment, then one application. */
import { equal, fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { encodeCommand, INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { findTlv } from "../tlv.ts";
import type { Tlv } from "../tlv.ts";
import { asksFor } from "../kernel/dol-answer.ts";
import { child, readTemplate } from "../kernel/turn.ts";
import { conclude, endApplication } from "./outcome.ts";
import type { Offer } from "./preprocessing.ts";
import { enter, openCandidate } from "./state.ts";
import type { Tap, TapCandidate, TapSession, TapTurn } from "./state.ts";

const DIRECTORY = fromAscii("2PAY.SYS.DDF01");
const MOST_CANDIDATES = 32;

function select(session: TapSession, name: Uint8Array, wait: TapSession["wait"]): TapTurn {
  session.wait = wait;
  const command = { cla: 0, ins: INS.select, p1: 0x04, p2: 0, data: name, le: 256 };
  return { type: "transmit", apdu: encodeCommand(command) };
}

/** Start C: the directory, or, where the terminal has none, its own list one by one. */
export function startSelection(session: TapSession): TapTurn {
  if (session.configuration.terminal.directory) {
    return select(session, DIRECTORY, "select-directory");
  }
  session.candidates = session.offers.map((offer) => ({
    aid: offer.combination.aid,
    label: offer.combination.name,
    priority: 0,
    offer,
  }));
  return enter("select");
}

/** Answer to SELECT of the directory (Book B §3.3.2): without one, no application can be taken. */
export function directorySelected(session: TapSession, { data, sw }: Response): TapTurn {
  const template = sw === SW.ok ? readTemplate(data, "6F") : undefined;
  const entries = template && findTlv(template.children, "BF0C");
  const found = (entries?.children ?? []).flatMap((entry) =>
    entry.tag === "61" ? candidatesOf(session.offers, entry) : [],
  );
  const rank = ({ priority }: TapCandidate): number => (priority === 0 ? 16 : priority);
  session.candidates = found.slice(0, MOST_CANDIDATES).sort((a, b) => rank(a) - rank(b));
  return enter("select");
}

function candidatesOf(offers: readonly Offer[], entry: Tlv): TapCandidate[] {
  const name = child(entry.children, "4F")?.value;
  if (name === undefined || name.length < 5 || name.length > 16) return [];
  const aid = toHex(name);
  const wanted = kernelWanted(child(entry.children, "9F2A")?.value, aid);
  const label = toAscii(child(entry.children, "50")?.value ?? new Uint8Array(0));
  const priority = (child(entry.children, "87")?.value[0] ?? 0) & 0x0f;
  const fitting = offers.filter(({ combination }) => {
    const named = combination.aid === aid;
    const begins = combination.partialMatch && aid.startsWith(combination.aid);
    return (named || begins) && (wanted === 0 || wanted === combination.kernel);
  });
  return fitting.map((offer) => ({
    aid,
    label: label.replace(/[^\x20-\x7e]/g, "").slice(0, 16) || offer.combination.name,
    priority,
    offer,
  }));
}

/** Kernels by the first five bytes of the name (Book B table 3-6). */
const DEFAULT_KERNELS: ReadonlyMap<string, number> = new Map([
  ["A000000004", 2],
  ["A000000003", 3],
  ["A000000025", 4],
  ["A000000065", 5],
  ["A000000152", 6],
  ["A000000324", 6],
  ["A000000333", 7],
]);

/**
 * The kernel a directory entry asks for: tag 9F2A, or the one of its scheme. 0 is any of the
 * reader's, -1 one of a country's own kernels, which this reader has not (Book B §3.3.2.5).
 */
export function kernelWanted(identifier: Uint8Array | undefined, aid: string): number {
  const [first] = identifier ?? [];
  if (first === undefined) return DEFAULT_KERNELS.get(aid.slice(0, 10)) ?? 0;
  return first < 0x80 ? first & 0x3f : -1;
}

/** Final selection: the candidate of the highest priority is opened (Book B §3.3.3). */
export function selectCandidate(session: TapSession): TapTurn {
  const [candidate] = session.candidates;
  if (candidate === undefined) return endApplication(session, session.left ?? "no-application");
  session.tap = openCandidate(session, candidate);
  return select(session, fromHex(candidate.aid), "select-application");
}

/** Answer to the final SELECT: the kernel begins, or the next candidate is tried. */
export function applicationSelected(
  session: TapSession,
  tap: Tap,
  { data, sw }: Response,
): TapTurn {
  const template = sw === SW.ok ? readTemplate(data, "6F") : undefined;
  const name = template && child(template.children, "84")?.value;
  const proprietary = template && child(template.children, "A5");
  if (name === undefined || proprietary === undefined || !rightName(tap, name)) {
    return conclude(session, { kind: "select-next", reason: "no-application" });
  }
  const { emv, candidate } = tap;
  emv.card.set("84", name);
  for (const node of proprietary.children) {
    if (node.children.length === 0) emv.card.set(node.tag, node.value);
  }
  const { kernel } = candidate.offer.combination;
  // Without the qualifiers in its PDOL the card cannot answer these kernels (Book B §3.3.3.6).
  const quick = kernel === 3 || kernel === 7;
  if (quick && !asksFor(emv.card.get("9F38"), "9F66")) {
    return conclude(session, { kind: "select-next", reason: "no-application" });
  }
  const label = toAscii(emv.card.get("50") ?? new Uint8Array(0)).replace(/[^\x20-\x7e]/g, "");
  const aid = toHex(name);
  session.tap = { ...tap, candidate: { ...candidate, aid, label: label || candidate.label } };
  session.candidates = session.candidates.map((entry) =>
    entry === candidate ? (session.tap?.candidate ?? entry) : entry,
  );
  return enter("options");
}

/** The name asked for, or, where the terminal asked from its own list, one that begins with it. */
function rightName({ candidate }: Tap, name: Uint8Array): boolean {
  const asked = fromHex(candidate.aid);
  if (equal(asked, name)) return true;
  const { aid, partialMatch } = candidate.offer.combination;
  return partialMatch && candidate.aid === aid && toHex(name).startsWith(aid);
}
