import {
  choice,
  moduleSettings,
  sharedSettings,
  text,
  whole,
  type Values,
} from "@tillway/configuration";

const institution = /^\d{8,11}$/;

/** What the acquirer reads from its environment (docs/configuration.md). */
export const acquirerSettings = {
  ...sharedSettings,
  ...moduleSettings,
  TILLWAY_NODE: text(
    "name of this node: owner of its transactions in flight, no two running nodes share one",
    "acquirer-1",
    /^[a-z0-9-]{1,40}$/,
    "lower-case letters, digits and hyphens, at most 40",
  ),
  TILLWAY_LANES: whole("database connections that write payments", 1, { min: 1, max: 16 }),
  TILLWAY_BATCH_MOST: whole("most steps that one commit of a lane holds; 1: each its own", 256, {
    min: 1,
    max: 1024,
  }),
  TILLWAY_ACQUIRER_ID: text(
    "institution number of the acquirer (DE 32 and 33)",
    "48021000",
    institution,
    "8 to 11 digits",
  ),
  TILLWAY_NETWORK_ID: text(
    "institution number of the card network",
    "00010000",
    institution,
    "8 to 11 digits",
  ),
  TILLWAY_NETWORK_HOST: text("host of the card network", "127.0.0.1"),
  TILLWAY_NETWORK_REPLY_MS: whole(
    "how long a request to the network may wait for its reply",
    20_000,
    {
      min: 100,
      max: 120_000,
    },
  ),
  TILLWAY_NETWORK_ECHO_MS: whole("silence after which the network link is probed", 60_000, {
    min: 100,
    max: 600_000,
  }),
  TILLWAY_NETWORK_MAC: choice("MAC algorithm of the network link", "x919", ["x919", "cbc"]),
  TILLWAY_SWEEP_MS: whole("how often leases that ran out are looked for", 5000, {
    min: 20,
    max: 600_000,
  }),
  TILLWAY_MOST_WAITING: whole(
    "steps that may wait for the database; beyond, new requests get 96 at once",
    2000,
    { min: 1, max: 1_000_000 },
  ),
  TILLWAY_REFUND_DAYS: whole(
    "how many days after its business date a payment may be refunded",
    180,
    {
      min: 0,
      max: 3660,
    },
  ),
  TILLWAY_HOLD_DAYS: whole("how many days a pre-authorisation may be completed or cancelled", 30, {
    min: 0,
    max: 366,
  }),
  TILLWAY_COMPLETION_PERCENT: whole("what a completion may come to, in percent of the hold", 115, {
    min: 100,
    max: 200,
  }),
  TILLWAY_ADVICE_RETRY_MS: whole("first pause before an advice is repeated; it doubles", 2000, {
    min: 20,
    max: 60_000,
  }),
  TILLWAY_POS_MAC: choice("MAC algorithm of terminals", "unionpay-ecb", [
    "unionpay-ecb",
    "x919",
    "cbc",
  ]),
  TILLWAY_POS_FRAME_MAX: whole("longest frame of a terminal in bytes", 4096, {
    min: 256,
    max: 65_535,
  }),
  TILLWAY_POS_STALL_MS: whole("how long a terminal may take to finish a frame", 10_000, {
    min: 50,
    max: 120_000,
  }),
  TILLWAY_POS_IDLE_MS: whole("how long a terminal's connection may be silent", 1_800_000, {
    min: 100,
    max: 3_600_000,
  }),
  TILLWAY_POS_CONNECTIONS: whole("terminal connections at one time", 4096, {
    min: 1,
    max: 100_000,
  }),
  TILLWAY_TERMINAL_HOST: text("host of the terminal whose till port 8080 passes on", "127.0.0.1"),
} as const;

export type AcquirerConfiguration = Values<typeof acquirerSettings>;
