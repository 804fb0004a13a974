/** Application selection (Book 1 §12): the card's directory, else the terminal's own list. */
import { equal, fromAscii, fromHex, toAscii, toHex } from "@tillway/bytes";
import { INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import type { Tlv } from "../tlv.ts";
import type { ApplicationConfiguration } from "./configuration.ts";
import type { ListedApplication, Session, Turn } from "./state.ts";
import { child, end, enter, readTemplate, transmit } from "./turn.ts";

const DIRECTORY = fromAscii("1PAY.SYS.DDF01");
const MOST_RECORDS = 30;
const MOST_OCCURRENCES = 16;
const MOST_CANDIDATES = 32;

function select(
  session: Session,
  wait: "select-directory" | "select-listed" | "select-application",
  name: Uint8Array,
  next = false,
): Turn {
  const p2 = next ? 0x02 : 0x00;
  return transmit(session, wait, { cla: 0, ins: INS.select, p1: 0x04, p2, data: name, le: 256 });
}

/** First step of every transaction. */
export function startSelection(session: Session): Turn {
  return session.configuration.terminal.directory
    ? select(session, "select-directory", DIRECTORY)
    : enter("list");
}

/** Answer to SELECT of the payment system environment (Book 1 §12.3.2). */
export function directorySelected(session: Session, { data, sw }: Response): Turn {
  if (sw === SW.functionNotSupported) return end(session, CARD_BLOCKED);
  if (sw !== SW.ok) return enter("list");
  const fci = readFci(data);
  const sfi = fci && child(fci.proprietary, "88")?.value;
  const file = sfi?.length === 1 ? (sfi[0] ?? 0) : 0;
  if (file < 1 || file > 10) return enter("list");
  session.directorySfi = file;
  session.position = 1;
  return readDirectory(session);
}

const CARD_BLOCKED = { result: "terminated", reason: "blocked" } as const;

function readDirectory(session: Session): Turn {
  const p2 = (session.directorySfi << 3) | 0x04;
  return transmit(session, "read-directory", {
    cla: 0,
    ins: INS.readRecord,
    p1: session.position,
    p2,
    data: new Uint8Array(0),
    le: 256,
  });
}

/** Answer to READ RECORD of the directory: its entries, or the end of it. */
export function directoryRead(session: Session, { data, sw }: Response): Turn {
  if (sw === SW.recordNotFound) return enter(session.candidates.length > 0 ? "choose" : "list");
  const record = sw === SW.ok ? readTemplate(data, "70") : undefined;
  if (record === undefined) {
    session.candidates = [];
    return enter("list");
  }
  for (const entry of record.children) {
    const name = entry.tag === "61" ? child(entry.children, "4F")?.value : undefined;
    if (name !== undefined) addCandidate(session, name, entry.children);
  }
  session.position += 1;
  if (session.position <= MOST_RECORDS) return readDirectory(session);
  return enter(session.candidates.length > 0 ? "choose" : "list");
}

/** The terminal asks for each of its own applications (Book 1 §12.3.3). */
export function startList(session: Session): Turn {
  session.candidates = [];
  session.position = 0;
  session.occurrences = 0;
  return selectListed(session);
}

function selectListed(session: Session): Turn {
  const application = session.configuration.applications[session.position];
  if (application === undefined) return enter("choose");
  return select(session, "select-listed", fromHex(application.aid), session.occurrences > 0);
}

/** Answer to SELECT of an application of the list: a candidate, a blocked one, or none. */
export function listedSelected(session: Session, { data, sw }: Response): Turn {
  const application = session.configuration.applications[session.position];
  const first = session.position === 0 && session.occurrences === 0;
  if (first && sw === SW.functionNotSupported) return end(session, CARD_BLOCKED);
  const fci = sw === SW.ok || sw === SW.invalidated ? readFci(data) : undefined;
  if (sw === SW.invalidated) session.blocked = true;
  else if (fci !== undefined) addCandidate(session, fci.name, fci.proprietary);
  const exact = fci !== undefined && toHex(fci.name) === application?.aid;
  const more =
    application?.partialMatch === true && !exact && (fci !== undefined || sw === SW.invalidated);
  session.occurrences =
    more && session.occurrences < MOST_OCCURRENCES ? session.occurrences + 1 : 0;
  if (session.occurrences === 0) session.position += 1;
  return selectListed(session);
}

function matching(session: Session, name: string): ApplicationConfiguration | undefined {
  const known = session.configuration.applications;
  return (
    known.find((entry) => entry.aid === name) ??
    known.find((entry) => entry.partialMatch && name.startsWith(entry.aid))
  );
}

function addCandidate(session: Session, name: Uint8Array, nodes: readonly Tlv[]): void {
  const aid = toHex(name);
  const application = matching(session, aid);
  const fits = name.length >= 5 && name.length <= 16;
  if (application === undefined || !fits || session.candidates.length >= MOST_CANDIDATES) return;
  if (session.candidates.some((entry) => entry.aid === aid)) return;
  const indicator = child(nodes, "87")?.value[0] ?? 0;
  const candidate: ListedApplication = {
    aid,
    label: labelOf(nodes) || application.name,
    priority: indicator & 0x0f,
    confirmation: (indicator & 0x80) !== 0,
    application,
  };
  session.candidates = [...session.candidates, candidate];
}

/** The preferred name where its alphabet is ISO 8859-1, else the label, printable ASCII only. */
function labelOf(nodes: readonly Tlv[]): string {
  const latin = child(nodes, "9F11")?.value[0] === 1;
  const preferred = latin ? child(nodes, "9F12")?.value : undefined;
  const text = toAscii(preferred ?? child(nodes, "50")?.value ?? new Uint8Array(0));
  return text
    .replace(/[^\x20-\x7e\xa0-\xff]/g, "")
    .trim()
    .slice(0, 16);
}

/** Applications without a priority come last. */
function rank(entry: ListedApplication): number {
  return entry.priority === 0 ? 16 : entry.priority;
}

/** Final selection (Book 1 §12.4): the only candidate, or the one the cardholder chooses. */
export function choose(session: Session): Turn {
  session.candidates = [...session.candidates].sort((a, b) => rank(a) - rank(b));
  const [first, ...others] = session.candidates;
  if (first === undefined) {
    const reason = session.blocked ? "blocked" : "no-application";
    return end(session, { result: "terminated", reason });
  }
  const { cardholderSelection } = session.configuration.terminal;
  if (cardholderSelection && (others.length > 0 || first.confirmation)) {
    session.wait = "choice";
    const candidates = session.candidates.map(({ aid, label, priority }) => ({
      aid,
      label,
      priority,
    }));
    return { type: "choose-application", candidates };
  }
  const free = session.candidates.find((entry) => !entry.confirmation);
  if (free === undefined) return end(session, { result: "terminated", reason: "no-application" });
  return selectApplication(session, free);
}

/** The cardholder's choice; undefined where it is none of the candidates. */
export function chosen(session: Session, aid: string): Turn | undefined {
  const candidate = session.candidates.find((entry) => entry.aid === aid);
  return candidate && selectApplication(session, candidate);
}

function selectApplication(session: Session, candidate: ListedApplication): Turn {
  session.selected = candidate;
  return select(session, "select-application", fromHex(candidate.aid));
}

/** Answer to the final SELECT: the application is open, or leaves the list (Book 1 §12.4). */
export function applicationSelected(session: Session, { data, sw }: Response): Turn {
  const candidate = session.selected;
  const fci = sw === SW.ok ? readFci(data) : undefined;
  const right = fci !== undefined && equal(fci.name, fromHex(candidate?.aid ?? ""));
  if (candidate === undefined || !right) {
    if (sw === SW.invalidated) session.blocked = true;
    return withoutSelected(session);
  }
  session.card = new Map([["84", fci.name]]);
  for (const node of fci.proprietary) {
    if (node.children.length === 0) session.card.set(node.tag, node.value);
  }
  const label = labelOf(fci.proprietary);
  session.selected = label === "" ? candidate : { ...candidate, label };
  return enter("initiate");
}

/** The selected application does not serve: the choice is made again among the others. */
export function withoutSelected(session: Session): Turn {
  const aid = session.selected?.aid;
  session.candidates = session.candidates.filter((entry) => entry.aid !== aid);
  session.selected = undefined;
  session.card = new Map();
  return enter("choose");
}

type Fci = { readonly name: Uint8Array; readonly proprietary: readonly Tlv[] };

/** File control information: DF name and proprietary template, both mandatory (Book 1 §11.3.4). */
function readFci(data: Uint8Array): Fci | undefined {
  const template = readTemplate(data, "6F");
  const name = template && child(template.children, "84")?.value;
  const proprietary = template && child(template.children, "A5");
  if (name === undefined || proprietary === undefined) return undefined;
  return { name, proprietary: proprietary.children };
}
