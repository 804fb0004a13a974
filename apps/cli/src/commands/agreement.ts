/** One proof and how many things it looked at. */
export type Check = {
  readonly name: string;
  readonly ok: boolean;
  readonly checked: number;
  readonly why?: string;
};

/** What one party says of one transaction. An inquiry has no amount. */
export type Entry = {
  readonly rrn?: string | null;
  readonly state: string;
  readonly amount: string | null;
  /** Of the terminal: which type it is, and what it follows. */
  readonly type?: string;
  readonly originalRrn?: string | null;
  /** At the acquirer: whose it is. */
  readonly terminal?: string;
};

export type Parties = {
  /** Terminals whose journals are here; others, such as a load's, keep theirs elsewhere. */
  readonly devices: readonly string[];
  readonly terminal: readonly Entry[];
  readonly acquirer: readonly Entry[];
  readonly issuer: readonly Entry[];
};

/** Approved and not reversed: some parties tell what became of it later, or that it is on its way. */
const approved = new Set([
  "approved",
  "advised",
  "voided",
  "completed",
  "kept",
  "expired",
  "refunded",
]);

/** What was approved and not reversed, by RRN. A charge comes to what its latest tip made of it. */
function charges(
  entries: readonly Entry[],
  tips: ReadonlyMap<string, string>,
): Map<string, string> {
  const standing = new Map(
    entries.flatMap(({ rrn, state, amount }) =>
      rrn && approved.has(state) ? [[rrn, amount ?? "0"] as const] : [],
    ),
  );
  for (const [tip, charge] of tips) {
    const total = standing.get(tip);
    if (total !== undefined && standing.has(charge)) standing.set(charge, total);
  }
  return standing;
}

/** Which charge each tip belongs to: the terminal knows, oldest first. */
function tipsOf(terminal: readonly Entry[]): Map<string, string> {
  return new Map(
    terminal
      .filter(({ type, state }) => type === "tip adjustment" && approved.has(state))
      .toReversed()
      .flatMap(({ rrn, originalRrn }) => (rrn && originalRrn ? [[rrn, originalRrn] as const] : [])),
  );
}

function same(name: string, left: Map<string, string>, right: Map<string, string>): Check {
  const all = new Set([...left.keys(), ...right.keys()]);
  const differing = [...all].filter((rrn) => left.get(rrn) !== right.get(rrn));
  const ok = differing.length === 0;
  const why = `${differing.length} differ, first RRN ${differing[0]}`;
  return { name, ok, checked: all.size, ...(ok ? {} : { why }) };
}

/** Whether the three parties agree on every charge that stands, to the minor unit. */
export function agreement(parties: Parties): Check[] {
  const tips = tipsOf(parties.terminal);
  const standing = (entries: readonly Entry[]): Map<string, string> => charges(entries, tips);
  const ours = parties.acquirer.filter((one) => parties.devices.includes(one.terminal ?? ""));
  return [
    same("terminal = acquirer: charges", standing(parties.terminal), standing(ours)),
    same("acquirer = issuer: charges", standing(parties.acquirer), standing(parties.issuer)),
  ];
}
