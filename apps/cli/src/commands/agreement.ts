/** One proof and how many things it looked at. */
export type Check = {
  readonly name: string;
  readonly ok: boolean;
  readonly checked: number;
  readonly why?: string;
};

/** What one party says of one transaction. */
export type Entry = {
  readonly rrn?: string | null;
  readonly state: string;
  readonly amount: string;
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

/** The charges that stand: approved and not undone, by RRN. */
function charges(entries: readonly Entry[]): Map<string, string> {
  const standing = entries.filter((entry) => entry.state === "approved" && entry.rrn);
  return new Map(standing.map((entry) => [entry.rrn ?? "", entry.amount]));
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
  const [terminal, acquirer, issuer] = [parties.terminal, parties.acquirer, parties.issuer].map(
    charges,
  );
  if (!terminal || !acquirer || !issuer) return [];
  const ours = parties.acquirer.filter((one) => parties.devices.includes(one.terminal ?? ""));
  return [
    same("terminal = acquirer: charges", terminal, charges(ours)),
    same("acquirer = issuer: charges", acquirer, issuer),
  ];
}
