/** The terminal's local API, as far as the till uses it. */
import type { TransactionName } from "@tillway/transactions";

export type Both = { readonly en: string; readonly zh: string };

export type Terminal = {
  readonly tid: string;
  readonly merchantName: string;
  readonly merchantNameZh: string;
};

/** A type that this terminal begins, and what it needs: the terminal's catalogue says so. */
export type OfferedType = {
  readonly type: TransactionName;
  readonly text: Both;
  readonly amount: "free" | "same" | "part" | "hold" | "tip" | "none";
  readonly follows: readonly string[];
  readonly openBatch: boolean;
  readonly allowed: boolean;
};

export type Offer = { readonly types: readonly OfferedType[]; readonly manualEntry: boolean };

/** What may follow a transaction; `most` in minor units, where there is a limit. */
export type Following = { readonly type: TransactionName; readonly most?: string };

/** A transaction of the journal. */
export type Entry = {
  readonly id: string;
  readonly batch: string;
  readonly stan: string;
  readonly type: TransactionName;
  readonly text: Both;
  readonly state: "open" | "approved" | "declined" | "unsent" | "reversing" | "reversed" | "lapsed";
  readonly amount: string;
  readonly currency: string;
  readonly maskedPan: string;
  readonly at: number;
  readonly rrn: string | null;
  readonly originalRrn: string | null;
  readonly authorizationCode: string | null;
  readonly responseCode: string | null;
  readonly following: readonly Following[];
};

export type TrayCard = {
  readonly name: string;
  readonly scheme: string;
  readonly maskedPan: string;
  readonly label: Both;
  readonly purpose: Both;
  readonly pin: string;
  readonly faces?: readonly { readonly name: string; readonly label: Both }[];
  readonly stripe?: boolean;
};

export type Side = { readonly count: number; readonly amount: string };
export type Totals = { readonly debit: Side; readonly credit: Side };

export type Batch = {
  readonly batch: string;
  readonly totals: Totals;
  readonly waiting: readonly { readonly kind: string; readonly stan: string }[];
};

/** What came of a management message; the rest where it was a settlement or a download. */
export type Managed = {
  readonly outcome: "approved" | "declined" | "timed-out" | "refused";
  readonly responseCode: string;
  readonly batch: string;
  readonly elapsedMs: number;
  readonly count?: number;
  readonly ended?: boolean;
  readonly balanced?: boolean;
  readonly uploaded?: number;
  readonly totals?: Totals;
};

export type ManagementPath =
  | "sign-in"
  | "sign-off"
  | "echo"
  | "settle"
  | "download/parameters"
  | "download/ca-keys"
  | "download/applications"
  | "upload/status";

/** Pairs this browser; true where the code was right. */
export async function pair(code: string): Promise<boolean> {
  const answer = await fetch("/terminals/pair", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  return answer.ok;
}

/** A GET of the terminal's local API; undefined where this browser is not paired. */
export async function read<T>(path: string): Promise<T | undefined> {
  const answer = await fetch(path);
  return answer.ok ? ((await answer.json()) as T) : undefined;
}

/** A management message; undefined where the terminal is busy or not there. */
export async function manage(tid: string, path: ManagementPath): Promise<Managed | undefined> {
  try {
    const answer = await fetch(`/terminals/${tid}/${path}`, { method: "POST" });
    return answer.ok ? ((await answer.json()) as Managed) : undefined;
  } catch {
    return undefined;
  }
}
