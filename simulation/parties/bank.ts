/** The issuing bank of the simulated system: the production decisions over a given store. */
import type { SecurityModule } from "@tillway/keys";
import { businessDate, localParts, type BusinessCalendar } from "@tillway/money";
import {
  openBankLink,
  startExpiry,
  type BankContext,
  type BankKeys,
  type BankStore,
} from "../../apps/issuer/src/bank/index.ts";
import type { Calendar } from "../../apps/issuer/src/ledger/index.ts";
import { policyOf } from "../../apps/issuer/src/policy.ts";
import { issuerSettings } from "../../apps/issuer/src/settings.ts";
import { readConfiguration } from "@tillway/configuration";
import type { Life } from "../world/process.ts";
import type { Wires } from "../world/wires.ts";
import type { Writing } from "./writing.ts";

export type BankOptions = {
  readonly module: SecurityModule;
  readonly keys: BankKeys;
  /** The store as one life of the process sees it. */
  readonly store: (life: Life) => BankStore;
  readonly calendar: BusinessCalendar;
  readonly wires: Wires;
  readonly log: Writing;
};

const policy = policyOf(readConfiguration(issuerSettings, {}));

/** A calendar whose days are open when they are asked for. */
const calendarOf = (rules: BusinessCalendar): Calendar => ({
  open: (now) => Promise.resolve(businessDate(now, rules)),
  month: (now) => localParts(now, rules.zone).date.replaceAll("-", "").slice(2, 6),
});

export const bankStart =
  ({ module, keys, store, calendar, wires, log }: BankOptions) =>
  (life: Life): void => {
    const context: BankContext = {
      store: store(life),
      module,
      keys,
      calendar: calendarOf(calendar),
      policy,
      clock: life.clock,
      random: life.random,
      log,
      count: () => undefined,
    };
    openBankLink(context, () => wires.connect("bank", life, "network"));
    startExpiry(context);
  };
