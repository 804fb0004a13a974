/** The bank's policy out of the configuration. */
import type { Policy } from "./bank/index.ts";
import type { IssuerConfiguration } from "./settings.ts";

const DAY = 24 * 60 * 60 * 1000;

export function policyOf(configuration: IssuerConfiguration): Policy {
  return {
    holdMs: configuration.TILLWAY_ISSUER_HOLD_DAYS * DAY,
    promiseMs: configuration.TILLWAY_ISSUER_PROMISE_MS,
    overHold: BigInt(configuration.TILLWAY_ISSUER_OVER_HOLD),
    noPinAmount: BigInt(configuration.TILLWAY_ISSUER_NO_PIN),
    fallback: configuration.TILLWAY_ISSUER_FALLBACK === "yes",
    manual: configuration.TILLWAY_ISSUER_MANUAL === "yes",
    unknownRefund: configuration.TILLWAY_ISSUER_UNKNOWN_REFUND === "yes",
  };
}
