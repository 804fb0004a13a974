import {
  choice,
  moduleSettings,
  sharedSettings,
  text,
  whole,
  type Values,
} from "@tillway/configuration";

/** What a terminal process reads from its environment (docs/configuration.md). */
export const terminalSettings = {
  ...sharedSettings,
  ...moduleSettings,
  TILLWAY_ACQUIRER_HOST: text("host of the acquirer's ISO 8583 listener", "127.0.0.1"),
  TILLWAY_REPLY_MS: whole("how long a terminal waits for an answer of the acquirer", 30_000, {
    min: 100,
    max: 120_000,
  }),
  TILLWAY_CARD_MS: whole("how long a terminal waits for a card", 60_000, {
    min: 1000,
    max: 600_000,
  }),
  TILLWAY_PIN_MS: whole("how long the PIN pad waits for the next key", 30_000, {
    min: 1000,
    max: 300_000,
  }),
  TILLWAY_FALLBACK: choice("whether a foreign card whose chip failed may be swiped", "no", [
    "no",
    "yes",
  ]),
  TILLWAY_OFFLINE_COUNT: whole("how many approvals of cards alone may wait to be sent", 20, {
    min: 0,
    max: 999,
  }),
  TILLWAY_OFFLINE_AMOUNT: whole("and how much in all, minor units", 200_000, {
    min: 0,
    max: 100_000_000,
  }),
  TILLWAY_READER: choice("where the cards of the first terminal come from", "tray", [
    "tray",
    "pcsc",
  ]),
  TILLWAY_READER_NAME: text("part of the PC/SC reader's name", "", /^.*$/, "a text"),
  TILLWAY_TERMINAL_PLACE: text(
    "where the terminals stand, told in payments: latitude,longitude in degrees",
    "",
    /^([+-]?\d{1,3}\.\d{1,6},[+-]?\d{1,3}\.\d{1,6})?$/,
    "two decimal numbers of degrees with a comma, as 22.540500,114.058000",
  ),
  TILLWAY_POS_TLS: choice("how the terminal reaches the acquirer", "plain", ["plain", "tls"]),
  TILLWAY_TPDU: text("TPDU of terminals", "6000030000", /^60[0-9A-F]{8}$/, "60 and 8 hex digits"),
  TILLWAY_POS_HEADER: text(
    "message header of terminals",
    "603100310000",
    /^[0-9A-F]{12}$/,
    "12 hex digits",
  ),
} as const;

export type TerminalConfiguration = Values<typeof terminalSettings>;
