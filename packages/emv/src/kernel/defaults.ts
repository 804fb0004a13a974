/**
 * Parameters to start with. All of them are the acquirer's to change: they arrive by parameter
 * download in production, and schemes revise them.
 */
import type { ApplicationConfiguration, TerminalConfiguration } from "./configuration.ts";

/** UnionPay's parameters as a public demonstration terminal holds them (unionpay-terminal-params). */
const UNIONPAY = {
  partialMatch: true,
  version: "0020",
  actionCodes: { denial: "0010000000", online: "FCF8E4F880", default: "FCF0E40800" },
  floorLimit: "0",
  randomSelection: { threshold: "0", targetPercentage: 0, maximumTargetPercentage: 0 },
  defaultDdol: "9F3704",
  defaultTdol: "",
  onlinePin: true,
} as const;

/** UnionPay debit, credit and quasi-credit, Visa and Mastercard. Configurable, see above. */
export const DEFAULT_APPLICATIONS: readonly ApplicationConfiguration[] = [
  { name: "UnionPay debit", aid: "A000000333010101", ...UNIONPAY },
  { name: "UnionPay credit", aid: "A000000333010102", ...UNIONPAY },
  { name: "UnionPay quasi-credit", aid: "A000000333010103", ...UNIONPAY },
  {
    ...UNIONPAY,
    name: "Visa",
    aid: "A0000000031010",
    version: "0096",
    actionCodes: { denial: "0010000000", online: "DC4004F800", default: "DC4000A800" },
  },
  {
    ...UNIONPAY,
    name: "Mastercard",
    aid: "A0000000041010",
    version: "0002",
    actionCodes: { denial: "0000000000", online: "FC50B8F800", default: "FC50B8A000" },
    defaultTdol: "9F02065F2A029A039C0195059F3704",
  },
];

/**
 * An attended merchant terminal with online capability (type 22): contact chip, magnetic stripe and
 * manual entry; online PIN, signature, no CVM; SDA and DDA. Merchant data is added by the caller.
 */
export const DEFAULT_TERMINAL: TerminalConfiguration = {
  type: "22",
  capabilities: "E068C0",
  additionalCapabilities: "6000F0A001",
  country: "156",
  directory: true,
  cardholderSelection: true,
  // Action class A of the UnionPay list but partial approval, whose amount differs (spec §2.8).
  approvalCodes: ["00", "11", "A2", "A4", "A5", "A6"],
};
