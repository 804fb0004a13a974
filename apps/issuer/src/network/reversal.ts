/** The network's own reversal of a request whose outcome it does not know. */
import { originalElements, matchKey, transmissionTime } from "../wire/index.ts";
import { networkCodes } from "@tillway/transactions";
import type { Advice, Exchange } from "./exchange.ts";

/** Fields that a reversal has as its original (0420, the card number apart). */
const AS_ORIGINAL = "3 4 12 13 18 22 23 25 32 37 41 42 43 49 60".split(" ");

/**
 * The advice that undoes an exchange at its issuer. `network` is the network's institution id, which
 * stands as the forwarding institution; `trace` is its own trace number, six digits.
 */
export function reversalOf(
  exchange: Exchange,
  network: string,
  trace: string,
  now: number,
): Advice {
  const message: Record<string, string> = {};
  for (const number of AS_ORIGINAL) {
    const value = exchange.request[number];
    if (value !== undefined) message[number] = value;
  }
  message["7"] = transmissionTime(now);
  message["11"] = trace;
  message["33"] = network;
  message["90"] = originalElements(networkCodes(exchange.type).mti, exchange.request);
  const key = matchKey(message);
  if (key === undefined) throw new Error("a stored exchange lacks its key fields");
  return {
    key,
    mti: "0420",
    digest: "network",
    originalKey: exchange.key,
    from: network,
    to: exchange.to,
    attempts: 0,
    dueAt: now,
    panCipher: exchange.panCipher,
    receiverCipher: undefined,
    message,
    receivedAt: now,
  };
}
