/** Processing restrictions (Book 3 §10.4): version, usage control, dates. */
import { equal, toHex } from "@tillway/bytes";
import { century } from "./dates.ts";
import { bitOf, setTvr } from "./state.ts";
import type { Session, Turn } from "./state.ts";
import { isCashMachine } from "./terminal-data.ts";
import { enter } from "./turn.ts";

export function processRestrictions(session: Session): Turn {
  const cardVersion = session.card.get("9F08");
  const ownVersion = session.terminal.get("9F09");
  if (cardVersion && ownVersion && !equal(cardVersion, ownVersion)) {
    setTvr(session, "versionsDiffer");
  }
  if (!usageAllowed(session)) setTvr(session, "serviceNotAllowed");
  const today = century(session.transaction.date);
  const effective = session.card.get("5F25");
  const expiration = session.card.get("5F24");
  if (effective && century(toHex(effective)) > today) setTvr(session, "notYetEffective");
  if (expiration && century(toHex(expiration)) < today) setTvr(session, "expired");
  return enter("cardholder");
}

/** Application usage control, tag 9F07 (Book 3 §10.4.2, Annex C2). */
function usageAllowed(session: Session): boolean {
  const usage = session.card.get("9F07");
  if (usage === undefined) return true;
  const { type } = session.transaction;
  const cash = type === "01";
  const machine = cash && isCashMachine(session.configuration.terminal.type);
  if (!bitOf(usage, 1, machine ? 2 : 1)) return false;
  const issuerCountry = session.card.get("5F28");
  if (issuerCountry === undefined) return true;
  const domestic = equal(issuerCountry, session.terminal.get("9F1A") ?? new Uint8Array(0));
  const other = BigInt(session.transaction.otherAmount ?? "0") > 0n;
  if (cash) return bitOf(usage, 1, domestic ? 8 : 7);
  const purchase =
    bitOf(usage, 1, domestic ? 6 : 5) || // goods
    bitOf(usage, 1, domestic ? 4 : 3); // services
  const cashback = type === "09" || other;
  return purchase && (!cashback || bitOf(usage, 2, domestic ? 8 : 7));
}
