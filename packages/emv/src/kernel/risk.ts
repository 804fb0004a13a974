/** Terminal risk management (Book 3 §10.6): lists, floor limit, random selection, velocity. */
import { INS, SW } from "../apdu.ts";
import type { Response } from "../apdu.ts";
import { noteDefaultTdol } from "./dol-answer.ts";
import { panOf, psnOf } from "./fields.ts";
import { setTsi, setTvr } from "./state.ts";
import type { CardWait, Session, Turn } from "./state.ts";
import { operationOf } from "./terminal-data.ts";
import { child, enter, readTlv, transmit } from "./turn.ts";

/**
 * Done whatever the card's profile says: the terminal may always (Book 4 §6.3.5). A terminal that
 * keeps an exception file or a log of its transactions is asked for them first.
 */
export function startRisk(session: Session): Turn {
  if (!session.full || session.configuration.terminal.cardCheck !== true) return enter("floor");
  session.wait = "card-check";
  const psn = psnOf(session);
  return { type: "check-card", pan: panOf(session), ...(psn === undefined ? {} : { psn }) };
}

/** What the terminal's lists say; undefined where the amount is none. */
export function cardChecked(
  session: Session,
  onExceptionFile: boolean,
  recentAmount: string,
): Turn | undefined {
  if (!/^\d{1,12}$/.test(recentAmount)) return undefined;
  if (onExceptionFile) setTvr(session, "onExceptionFile");
  session.recentAmount = BigInt(recentAmount);
  return enter("floor");
}

/** Floor limit, random selection, then the velocity of the card's offline transactions. */
export function checkFloor(session: Session): Turn {
  const { application } = session.selected ?? {};
  const { terminal } = session.configuration;
  const amount = BigInt(session.transaction.amount);
  const floor = BigInt(application?.floorLimit ?? "0");
  if (session.transaction.forceOnline === true) setTvr(session, "forcedOnline");
  // Split sales count together: this amount and the card's latest one (Book 3 §10.6.1).
  if (amount + session.recentAmount >= floor) setTvr(session, "floorLimitExceeded");
  else if (operationOf(terminal.type) === "offline-capable") drawLots(session, amount, floor);
  if (limitOf(session, "9F14") === undefined || limitOf(session, "9F23") === undefined) {
    return riskDone(session);
  }
  return getData(session, "application-counter", 0x36);
}

function drawLots(session: Session, amount: bigint, floor: bigint): void {
  if (selectedRandomly(session, amount, floor)) setTvr(session, "selectedRandomly");
}

/** Random transaction selection, biased from the threshold to the floor limit (§10.6.2). */
function selectedRandomly(session: Session, amount: bigint, floor: bigint): boolean {
  const random = session.selected?.application.randomSelection;
  if (random === undefined) return false;
  const threshold = BigInt(random.threshold);
  const target = BigInt(random.targetPercentage);
  const most = BigInt(random.maximumTargetPercentage);
  const drawn = BigInt(session.transaction.randomSelection);
  if (amount < threshold) return drawn <= target;
  if (floor <= threshold) return false;
  return drawn <= target + ((most - target) * (amount - threshold)) / (floor - threshold);
}

function limitOf(session: Session, tag: string): number | undefined {
  return session.card.get(tag)?.[0];
}

function getData(session: Session, wait: CardWait, tag: number): Turn {
  return transmit(session, wait, {
    cla: 0x80,
    ins: INS.getData,
    p1: 0x9f,
    p2: tag,
    data: new Uint8Array(0),
    le: 256,
  });
}

/** Answer to GET DATA of the application transaction counter (9F36). */
export function counterRead(session: Session, response: Response): Turn {
  session.counter = counterIn(response, "9F36");
  return getData(session, "last-online-counter", 0x13);
}

/** Answer to GET DATA of the last online counter (9F13): velocity checking (§10.6.3). */
export function lastOnlineRead(session: Session, response: Response): Turn {
  const counter = session.counter;
  const last = counterIn(response, "9F13");
  if (last === 0) setTvr(session, "newCard");
  if (counter === undefined || last === undefined) setTvr(session, "cardDataMissing");
  if (counter === undefined || last === undefined || counter <= last) {
    setTvr(session, "lowerOfflineLimitExceeded");
    setTvr(session, "upperOfflineLimitExceeded");
    return riskDone(session);
  }
  const used = counter - last;
  if (used > (limitOf(session, "9F14") ?? 0)) setTvr(session, "lowerOfflineLimitExceeded");
  if (used > (limitOf(session, "9F23") ?? 0)) setTvr(session, "upperOfflineLimitExceeded");
  return riskDone(session);
}

function counterIn({ data, sw }: Response, tag: string): number | undefined {
  const value = sw === SW.ok ? child(readTlv(data) ?? [], tag)?.value : undefined;
  const [high, low] = value?.length === 2 ? value : [];
  return high === undefined || low === undefined ? undefined : high * 256 + low;
}

function riskDone(session: Session): Turn {
  setTsi(session, "terminalRiskManagementPerformed");
  noteDefaultTdol(session);
  return enter("action");
}
