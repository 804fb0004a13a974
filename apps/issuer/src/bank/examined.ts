/** A request with everything that was found out before its decision. */
import type { MessageFields } from "@tillway/iso8583";
import { catalogue } from "@tillway/transactions";
import type { Evidence } from "./evidence.ts";
import type { Policy } from "./policy.ts";
import type { BankRequest } from "./request.ts";

export type Examined = {
  readonly request: BankRequest;
  /** The request's fields as a journal may keep them, without card numbers. */
  readonly kept: MessageFields;
  readonly sealed: {
    readonly token: string;
    readonly cipher: string;
    readonly receiver: { readonly token: string } | undefined;
  };
  /** The bucket of the card's account. */
  readonly bucket: number;
  readonly evidence: Evidence;
  readonly digest: string;
  readonly now: number;
  readonly businessDate: string;
  /** The month of today in the bank's zone, YYMM. */
  readonly month: string;
  readonly policy: Policy;
  /** Made ready so that the decision needs no randomness: ids (UUIDv7) and a code of six digits. */
  readonly ids: {
    readonly authorisation: string;
    readonly journal: string;
    readonly arrival: string;
  };
  readonly authorisationCode: string;
};

/** Whether the cardholder asks for something now: no advice, and nothing before it that it follows. */
export function isNew({ request }: Examined): boolean {
  const type = catalogue[request.type];
  return type.follows.length === 0 && request.type !== "offline chip sale";
}

/** Whether it takes from what the card may spend in a day. */
export function spends({ request }: Examined): boolean {
  const { issuing } = catalogue[request.type];
  return issuing === "debit" || issuing === "hold" || request.type === "transfer";
}
