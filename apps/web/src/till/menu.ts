/** What the cashier can do beside a sale, by group. */
import type { TransactionName } from "@tillway/transactions";
import type { TextKey } from "../language/index.ts";
import type { Entry, ManagementPath, Offer } from "./terminal.ts";

export type Item =
  /** The first type begins; the others are its forms for other originals. */
  | { readonly kind: "types"; readonly label?: TextKey; readonly types: readonly TransactionName[] }
  | { readonly kind: "view"; readonly label: TextKey; readonly view: "journal" | "batch" }
  | { readonly kind: "device"; readonly label: TextKey; readonly path: ManagementPath };

export type Group = { readonly label: TextKey; readonly items: readonly Item[] };

const of = (...types: readonly TransactionName[]): Item => ({ kind: "types", types });

export const menu: readonly Group[] = [
  {
    label: "menu.sales",
    items: [
      of("sale"),
      { kind: "types", label: "menu.void", types: ["sale void", "instalment void"] },
      of("refund"),
      of("tip adjustment"),
      of("instalment sale"),
    ],
  },
  {
    label: "menu.holds",
    items: [
      of("pre-authorisation"),
      { kind: "types", label: "menu.complete", types: ["completion", "completion advice"] },
      { kind: "types", label: "menu.release", types: ["pre-authorisation void"] },
      { kind: "types", label: "menu.uncomplete", types: ["completion void"] },
    ],
  },
  {
    label: "menu.cash",
    items: [of("withdrawal"), of("deposit"), of("transfer"), of("balance inquiry")],
  },
  {
    label: "menu.books",
    items: [
      { kind: "view", label: "menu.journal", view: "journal" },
      { kind: "view", label: "menu.batch", view: "batch" },
    ],
  },
  {
    label: "menu.device",
    items: [
      { kind: "device", label: "device.signIn", path: "sign-in" },
      { kind: "device", label: "device.signOff", path: "sign-off" },
      { kind: "device", label: "device.echo", path: "echo" },
      { kind: "device", label: "device.parameters", path: "download/parameters" },
      { kind: "device", label: "device.caKeys", path: "download/ca-keys" },
      { kind: "device", label: "device.applications", path: "download/applications" },
      { kind: "device", label: "device.status", path: "upload/status" },
    ],
  },
];

export type Standing = {
  readonly connected: boolean;
  readonly linked: boolean;
  readonly offer: Offer;
  readonly entries: readonly Entry[];
};

/** Why something cannot be done right now; undefined where it can. */
export function whyNot(item: Item, standing: Standing): TextKey | undefined {
  const { connected, linked, offer, entries } = standing;
  if (!connected) return "status.screenLost";
  if (item.kind === "view") return undefined;
  if (!linked) return "status.offline";
  if (item.kind === "device") return undefined;
  const offered = offer.types.filter(({ type }) => item.types.includes(type));
  if (!offered.some(({ allowed }) => allowed)) return "reason.notAllowed";
  const here = entries.some(({ following }) =>
    following.some(({ type }) => item.types.includes(type)),
  );
  const elsewhere = offered.some(({ follows, openBatch }) => follows.length === 0 || !openBatch);
  return here || elsewhere ? undefined : "reason.nothing";
}
