import { choice, moduleSettings, sharedSettings, whole, type Values } from "@tillway/configuration";

/** What the issuer's process reads from its environment (docs/configuration.md). */
export const issuerSettings = {
  ...moduleSettings,
  TILLWAY_DATA: sharedSettings.TILLWAY_DATA,
  TILLWAY_HOST: sharedSettings.TILLWAY_HOST,
  TILLWAY_NETWORK_PORT: sharedSettings.TILLWAY_NETWORK_PORT,
  TILLWAY_ISSUER_HTTP_PORT: sharedSettings.TILLWAY_ISSUER_HTTP_PORT,
  TILLWAY_LOG: sharedSettings.TILLWAY_LOG,
  TILLWAY_ZONE: sharedSettings.TILLWAY_ZONE,
  TILLWAY_CUT_OVER: sharedSettings.TILLWAY_CUT_OVER,
  DATABASE_URL: sharedSettings.DATABASE_URL,
  TILLWAY_ISSUER_REPLY_MS: whole("how long the network waits for an issuer's answer", 10_000, {
    min: 50,
    max: 120_000,
  }),
  TILLWAY_ISSUER_ADVICE_MS: whole(
    "first pause before the network repeats a reversal advice; it doubles up to 32 times that",
    2000,
    { min: 20, max: 60_000 },
  ),
  TILLWAY_ISSUER_HOLD_DAYS: whole("how many days a pre-authorised amount stays set apart", 30, {
    min: 1,
    max: 365,
  }),
  TILLWAY_ISSUER_PROMISE_MS: whole(
    "how long a deposit or transfer waits for its confirmation (ms)",
    600_000,
    { min: 1, max: 86_400_000 },
  ),
  TILLWAY_ISSUER_OVER_HOLD: whole(
    "how much a completion may be, in percent of what was pre-authorised",
    115,
    { min: 100, max: 200 },
  ),
  TILLWAY_ISSUER_NO_PIN: whole(
    "up to this amount (minor units) a contactless payment needs no PIN",
    100_000,
    { min: 0, max: 1_000_000_000 },
  ),
  TILLWAY_ISSUER_FALLBACK: choice(
    "whether a foreign card's stripe is taken after its chip failed",
    "yes",
    ["yes", "no"],
  ),
  TILLWAY_ISSUER_MANUAL: choice("whether a card number that was keyed in is taken", "yes", [
    "yes",
    "no",
  ]),
  TILLWAY_ISSUER_UNKNOWN_REFUND: choice(
    "whether a refund of something that the bank does not know is taken",
    "yes",
    ["yes", "no"],
  ),
} as const;

export type IssuerConfiguration = Values<typeof issuerSettings>;
