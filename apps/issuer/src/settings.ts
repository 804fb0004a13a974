import { moduleSettings, sharedSettings, whole, type Values } from "@tillway/configuration";

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
} as const;

export type IssuerConfiguration = Values<typeof issuerSettings>;
