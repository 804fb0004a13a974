/**
 * Parameters to start with, one row per AID. All of them are the acquirer's to change: they come by
 * parameter download in production (`unionpayParameters`), and schemes revise them.
 */
import { DEFAULT_TERMINAL } from "../kernel/defaults.ts";
import type { TerminalConfiguration } from "../kernel/configuration.ts";
import type { CombinationConfiguration, MchipConfiguration } from "./configuration.ts";

/** As DEFAULT_TERMINAL, with contactless among its means (9F40) and combined authentication. */
export const DEFAULT_CONTACTLESS_TERMINAL: TerminalConfiguration = {
  ...DEFAULT_TERMINAL,
  capabilities: "E068C8",
};

/**
 * UnionPay's parameters as a public demonstration terminal holds them (unionpay-terminal-params);
 * the small amount of 1,000 CNY is the programme's from June 2018 [U].
 */
const UNIONPAY = {
  partialMatch: true,
  kernel: 7,
  version: "0020",
  actionCodes: { denial: "0010000000", online: "FCF8E4F880", default: "FCF0E40800" },
  onlinePin: true,
  // The transaction limit of that terminal, 1,000.00, would keep larger payments off contactless.
  limits: { cvm: "10000", floor: "0" },
  zeroAmountAllowed: true,
  statusCheck: false,
  // qPBOC, contact chip, online PIN, signature; on-device verification (byte 3).
  ttq: "36004080",
  smallAmount: { limit: "100000", currency: "156" },
} as const;

const MCHIP: MchipConfiguration = {
  magstripeMode: true,
  onDeviceCvm: true,
  cardInput: "20",
  cvmRequired: "68",
  cvmNotRequired: "08",
  security: "08",
  magstripeCvmRequired: "20",
  magstripeCvmNotRequired: "00",
  defaultUdol: "9F6A04",
  riskManagementData: "6C7A800000000000",
  mobileSupport: "01",
  relayResistanceInTvr: true,
  cvmResults: "as-listed",
};

/** UnionPay debit, credit and quasi-credit, Visa, Mastercard, Maestro, American Express. */
export const DEFAULT_COMBINATIONS: readonly CombinationConfiguration[] = [
  { name: "UnionPay debit", aid: "A000000333010101", ...UNIONPAY },
  { name: "UnionPay credit", aid: "A000000333010102", ...UNIONPAY },
  { name: "UnionPay quasi-credit", aid: "A000000333010103", ...UNIONPAY },
  {
    name: "Visa",
    aid: "A0000000031010",
    partialMatch: true,
    kernel: 3,
    version: "0096",
    actionCodes: { denial: "0010000000", online: "DC4004F800", default: "DC4000A800" },
    onlinePin: true,
    limits: { cvm: "30000", floor: "0" },
    zeroAmountAllowed: true,
    statusCheck: false,
    ttq: "36004000",
  },
  {
    name: "Mastercard",
    aid: "A0000000041010",
    partialMatch: true,
    kernel: 2,
    version: "0002",
    actionCodes: { denial: "0000000000", online: "F45084800C", default: "F45084800C" },
    onlinePin: true,
    limits: { cvm: "30000", floor: "0" },
    zeroAmountAllowed: true,
    statusCheck: false,
    ttq: "",
    mchip: MCHIP,
  },
  {
    name: "Maestro",
    aid: "A0000000043060",
    partialMatch: true,
    kernel: 2,
    version: "0002",
    actionCodes: { denial: "0000800000", online: "F45004800C", default: "F45004800C" },
    onlinePin: true,
    limits: { cvm: "30000", floor: "0" },
    zeroAmountAllowed: true,
    statusCheck: false,
    ttq: "",
    mchip: { ...MCHIP, magstripeMode: false },
  },
  {
    name: "American Express",
    aid: "A00000002501",
    partialMatch: true,
    kernel: 4,
    version: "0001",
    actionCodes: { denial: "0010000000", online: "DE00FC9800", default: "DC50840000" },
    onlinePin: true,
    limits: { cvm: "30000", floor: "0" },
    zeroAmountAllowed: false,
    statusCheck: false,
    ttq: "",
    mchip: { ...MCHIP, magstripeMode: false, relayResistanceInTvr: false },
  },
];
